-- Who has no winter of his own is capped by the mean of all on his plan (ONB02US05 "wastewater").
alter table tariff_plan add column if not exists winter_default_qty_micro bigint null comment 'mean of the winter averages of its connections, a month' after deemed_daily_qty_micro;

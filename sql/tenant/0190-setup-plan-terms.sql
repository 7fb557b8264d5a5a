-- Of components: whom a rebate is for, slabs by the whole use, the cap of a percentage; of plans: a retirement that waits (ONB02US05).
alter table tariff_rate
  add column if not exists rebate_group varchar(32) null comment 'of a rebate: enrolments it is for; NULL: of any group' check (rebate_group in ('low_income', 'senior', 'disability', 'hardship', 'conservation', 'other')) after tax_code,
  add column if not exists above_qty_micro bigint null comment 'charged only when the use is above' after included_qty_micro,
  add column if not exists upto_qty_micro bigint null comment 'charged only when the use is at most' after above_qty_micro,
  add column if not exists cap_micro bigint null comment 'of a percentage: at most so much a unit' after upto_qty_micro;
alter table tariff_plan
  add column if not exists retire_on date null comment 'waits to be retired on this day' after retired_on,
  add column if not exists retire_reason varchar(300) null after retire_on,
  add column if not exists retire_by bigint unsigned null after retire_reason,
  add column if not exists retire_told_on date null comment 'last day on which it was told why it is not retired yet' after retire_by;

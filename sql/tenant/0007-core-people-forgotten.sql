-- People of the staff whose personal data were forgotten (ONB02US03): 24 months after they were deactivated, by hand.
alter table user add column if not exists anonymized_at datetime(6) null after deactivation_reason;

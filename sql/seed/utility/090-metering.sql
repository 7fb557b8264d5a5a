-- Statuses and reasons a reader may report, the default rule group of validation, virtual stores.

insert into reading_status_code (utility_id, code, label, needs_value, effect, effect_params, sort) values
  (@utility_id, 'NORMAL', 'Normal', 1, 'accept', null, 1),
  (@utility_id, 'LOCKED', 'Locked', 0, 'revisit', '{"days":2,"times":2,"then":"estimate","notice":"reading_missed"}', 2),
  (@utility_id, 'NO_ACCESS', 'No access', 0, 'revisit', '{"days":2,"times":2,"then":"estimate","notice":"reading_missed"}', 3),
  (@utility_id, 'BREAKDOWN', 'Meter broken', 0, 'order', '{"estimate":true,"order_type":"REPAIR","priority":"high"}', 4),
  (@utility_id, 'STOPPED', 'Meter stopped', 0, 'order', '{"estimate":true,"order_type":"REPAIR","priority":"high"}', 5),
  (@utility_id, 'NO_METER', 'No meter', 0, 'order', '{"estimate":true,"order_type":"INSPECT","priority":"high"}', 6),
  (@utility_id, 'RESET', 'Register reset', 1, 'exempt', null, 7),
  (@utility_id, 'DAMAGED', 'Meter damaged', 0, 'order', '{"estimate":true,"order_type":"REPAIR","priority":"high"}', 8),
  (@utility_id, 'FLOODED', 'Pit flooded', 0, 'estimate', null, 9),
  (@utility_id, 'DEMOLISHED', 'Demolished', 0, 'close', null, 10),
  (@utility_id, 'VACANT', 'Vacant', 0, 'accept', null, 11),
  (@utility_id, 'REFUSED', 'Access refused', 0, 'estimate', null, 12),
  (@utility_id, 'UNSAFE', 'Unsafe', 0, 'estimate', null, 13),
  (@utility_id, 'SELF_READ', 'Read by the consumer', 1, 'pend', null, 14)
on duplicate key update reading_status_code.id = reading_status_code.id;

insert into reading_reason_code (utility_id, code, label, contexts, needs_photo, needs_note, effect, effect_params, order_type, priority, sort) values
  (@utility_id, 'GATE_LOCKED', 'Gate locked', '["no_read"]', 0, 0, 'revisit', '{"days":2,"times":2}', null, null, 1),
  (@utility_id, 'DOG', 'Dog', '["no_read"]', 0, 0, 'revisit', '{"days":2,"times":2}', null, null, 2),
  (@utility_id, 'NOBODY_HOME', 'Nobody home', '["no_read"]', 0, 0, 'revisit', '{"days":2,"times":2}', null, null, 3),
  (@utility_id, 'METER_BURIED', 'Meter buried', '["no_read"]', 1, 0, 'estimate', null, null, null, 4),
  (@utility_id, 'GLASS_FOGGED', 'Glass fogged', '["no_read"]', 1, 0, 'estimate', null, null, null, 5),
  (@utility_id, 'DISPLAY_OFF', 'Display off', '["no_read"]', 1, 0, 'estimate', null, null, null, 6),
  (@utility_id, 'NOT_FOUND', 'Meter not found', '["no_read"]', 0, 0, 'estimate', null, null, null, 7),
  (@utility_id, 'WRONG_METER', 'Wrong meter', '["reading","no_read","decision"]', 1, 0, 'exempt', null, null, null, 8),
  (@utility_id, 'TAMPER', 'Tampering', '["reading","no_read"]', 1, 0, 'order', '{"alarm":"TAMPER","silent":true}', 'INSPECT', 'high', 9),
  (@utility_id, 'LEAK_SEEN', 'Leak seen', '["reading","no_read"]', 1, 0, 'accept', null, null, null, 10),
  (@utility_id, 'BYPASS', 'Bypass', '["reading","no_read"]', 1, 0, 'order', '{"alarm":"BYPASS","silent":true}', 'INSPECT', 'high', 11),
  (@utility_id, 'REVERSED', 'Meter runs backwards', '["reading"]', 1, 0, 'exempt', null, null, null, 12),
  (@utility_id, 'TYPING_ERROR', 'Typing error', '["decision","correction"]', 0, 0, 'accept', null, null, null, 13),
  (@utility_id, 'OCR', 'Picture read wrongly', '["decision","correction"]', 0, 0, 'accept', null, null, null, 14),
  (@utility_id, 'POOL_FILLING', 'Pool filling', '["decision"]', 0, 0, 'accept', null, null, null, 15),
  (@utility_id, 'OCCUPANCY_CHANGE', 'Change of occupancy', '["decision"]', 0, 0, 'accept', null, null, null, 16),
  (@utility_id, 'METER_CHANGED', 'Meter changed', '["decision","removal"]', 0, 0, 'accept', null, null, null, 17),
  (@utility_id, 'ROLLOVER', 'Register rolled over', '["decision"]', 0, 0, 'accept', null, null, null, 18),
  (@utility_id, 'FINAL_BILL', 'Final bill', '["decision","removal"]', 0, 0, 'accept', null, null, null, 19),
  (@utility_id, 'OTHER', 'Other', '["reading","no_read","decision","removal","correction","order"]', 0, 1, 'accept', null, null, null, 20)
on duplicate key update reading_reason_code.id = reading_reason_code.id;

insert into vee_group (utility_id, code, name, match_on, sort, is_default) values (@utility_id, 'DEFAULT', 'Default', '{}', 999, 1)
on duplicate key update vee_group.id = vee_group.id;

insert into vee_group (utility_id, code, name, match_on, sort, auto_pass) values (@utility_id, 'PHOTO', 'Photo readings', '{"read_type":"photo"}', 10, 0)
on duplicate key update vee_group.id = vee_group.id;

insert into vee_rule (group_id, code, severity, params, category_code, sort)
select g.id, k.code, k.severity, k.params, k.category_code, k.sort
from vee_group g
cross join (
  select 'V01' code, 'hold' severity, '{}' params, '' category_code, 1 sort union all
  select 'V02', 'hold', '{}', '', 2 union all
  select 'V03', 'hold', '{"tolerance_days":3}', '', 3 union all
  select 'V04', 'hold', '{}', '', 4 union all
  select 'V05', 'hold', '{}', '', 5 union all
  select 'V06', 'hold', '{}', '', 6 union all
  select 'V07', 'info', '{"from_pct":90,"to_pct":10}', '', 7 union all
  select 'V08', 'hold', '{"minimum_e3":100,"first":"hold"}', '', 8 union all
  select 'V08', 'hold', '{"minimum_e3":100,"first":"info"}', 'RES', 8 union all
  select 'V09', 'hold', '{"times":3}', '', 9 union all
  select 'V10', 'hold', '{"high_pct":75,"absolute_e3":50000}', '', 10 union all
  select 'V10', 'hold', '{"high_pct":100,"absolute_e3":10000}', 'RES', 10 union all
  select 'V11', 'hold', '{"low_pct":50,"absolute_e3":50000}', '', 11 union all
  select 'V11', 'hold', '{"low_pct":50,"absolute_e3":10000}', 'RES', 11 union all
  select 'V12', 'hold', '{"tolerance_e3":1000}', '', 12 union all
  select 'V13', 'hold', '{}', '', 13 union all
  select 'V14', 'info', '{}', '', 14 union all
  select 'V15', 'hold', '{"times":2,"days":120}', '', 15 union all
  select 'V16', 'hold', '{"difference_ppm":10000}', '', 16 union all
  select 'V17', 'info', '{"per_minute":6,"speed_m_s":25}', '', 17 union all
  select 'V18', 'info', '{"distance_m":200,"accuracy_m":50}', '', 18
) k
where g.utility_id = @utility_id and g.code in ('DEFAULT', 'PHOTO')
on duplicate key update vee_rule.id = vee_rule.id;

insert into store (utility_id, code, name, kind) values
  (@utility_id, 'SUPPLIER', 'Supplier', 'virtual'), (@utility_id, 'INSTALLED', 'Installed', 'virtual'), (@utility_id, 'ADJUST', 'Adjustments', 'virtual'), (@utility_id, 'SCRAP', 'Scrap', 'virtual'), (@utility_id, 'CONSUMED', 'Consumed', 'virtual')
on duplicate key update store.id = store.id;

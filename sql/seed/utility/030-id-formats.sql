-- The 26 formats of numbers people quote. The part "service" prints the utility's primary service code; without one it and its
-- separator are left out.

insert into id_format (utility_id, entity_type, class, parts, seq_length, seq_start, `reset`, gapless) values
  (@utility_id, 'consumer', 'master', '[{"part":"service"},{"part":"prefix","value":"CUST"},{"part":"sequence"}]', 6, 100001, 'never', 0),
  (@utility_id, 'account', 'master', '[{"part":"service"},{"part":"prefix","value":"ACC"},{"part":"sequence"}]', 6, 100001, 'never', 0),
  (@utility_id, 'premise', 'master', '[{"part":"service"},{"part":"prefix","value":"PRM"},{"part":"sequence"}]', 6, 100001, 'never', 0),
  (@utility_id, 'service_connection', 'master', '[{"part":"service"},{"part":"prefix","value":"SC"},{"part":"sequence"}]', 6, 100001, 'never', 0),
  (@utility_id, 'meter', 'master', '[{"part":"service"},{"part":"prefix","value":"MTR"},{"part":"sequence"}]', 6, 100001, 'never', 0),
  (@utility_id, 'route', 'master', '[{"part":"prefix","value":"RT"},{"part":"area"},{"part":"sequence"}]', 2, 1, 'never', 0),
  (@utility_id, 'tariff_plan', 'master', '[{"part":"service"},{"part":"prefix","value":"PLN"},{"part":"sequence"}]', 6, 100001, 'never', 0),
  (@utility_id, 'employee', 'master', '[{"part":"service"},{"part":"prefix","value":"EMP"},{"part":"sequence"}]', 6, 100001, 'never', 0),
  (@utility_id, 'application', 'transaction', '[{"part":"prefix","value":"APP"},{"part":"date","format":"YYYYMMDD"},{"part":"sequence"}]', 3, 1, 'daily', 0),
  (@utility_id, 'bill', 'transaction', '[{"part":"service"},{"part":"prefix","value":"BILL"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 6, 1, 'monthly', 1),
  (@utility_id, 'payment', 'transaction', '[{"part":"service"},{"part":"prefix","value":"PAY"},{"part":"date","format":"YYYYMMDD"},{"part":"sequence"}]', 5, 1, 'daily', 0),
  (@utility_id, 'receipt', 'transaction', '[{"part":"service"},{"part":"prefix","value":"RCP"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 6, 1, 'monthly', 1),
  (@utility_id, 'adjustment', 'transaction', '[{"part":"service"},{"part":"prefix","value":"ADJ"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0),
  (@utility_id, 'credit_note', 'transaction', '[{"part":"service"},{"part":"prefix","value":"CN"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 1),
  (@utility_id, 'refund', 'transaction', '[{"part":"service"},{"part":"prefix","value":"RF"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0),
  (@utility_id, 'write_off', 'transaction', '[{"part":"service"},{"part":"prefix","value":"WO"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0),
  (@utility_id, 'payment_agreement', 'transaction', '[{"part":"service"},{"part":"prefix","value":"PA"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0),
  (@utility_id, 'complaint', 'transaction', '[{"part":"service"},{"part":"prefix","value":"CMP"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0),
  (@utility_id, 'service_request', 'transaction', '[{"part":"service"},{"part":"prefix","value":"SR"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0),
  (@utility_id, 'disconnection_request', 'transaction', '[{"part":"service"},{"part":"prefix","value":"DSC"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0),
  (@utility_id, 'reconnection_request', 'transaction', '[{"part":"service"},{"part":"prefix","value":"RCN"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0),
  (@utility_id, 'account_transfer', 'transaction', '[{"part":"service"},{"part":"prefix","value":"TRF"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0),
  (@utility_id, 'service_order', 'transaction', '[{"part":"service"},{"part":"prefix","value":"SO"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 5, 1, 'monthly', 0),
  (@utility_id, 'call', 'transaction', '[{"part":"service"},{"part":"prefix","value":"CALL"},{"part":"date","format":"YYYYMMDD"},{"part":"sequence"}]', 4, 1, 'daily', 0),
  (@utility_id, 'campaign', 'transaction', '[{"part":"prefix","value":"BLK"},{"part":"date","format":"YYYY"},{"part":"sequence"}]', 6, 1, 'yearly', 0),
  (@utility_id, 'notice', 'transaction', '[{"part":"service"},{"part":"prefix","value":"NOT"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]', 4, 1, 'monthly', 0)
on duplicate key update id_format.id = id_format.id;

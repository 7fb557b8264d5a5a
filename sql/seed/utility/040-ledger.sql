-- Default chart, posting keys, mapping of charge types, and accounting months from two years back to one year ahead.

insert into gl_code (utility_id, code, name, type, normal_side, control) values
  (@utility_id, '1010', 'Cash and bank', 'asset', 'debit', 0),
  (@utility_id, '1011', 'Till cash', 'asset', 'debit', 0),
  (@utility_id, '1012', 'Cheque clearing', 'asset', 'debit', 0),
  (@utility_id, '1013', 'Card clearing', 'asset', 'debit', 0),
  (@utility_id, '1020', 'Gateway clearing', 'asset', 'debit', 0),
  (@utility_id, '1200', 'Receivables', 'asset', 'debit', 1),
  (@utility_id, '1210', 'Receivables in agreements', 'asset', 'debit', 1),
  (@utility_id, '1999', 'Suspense', 'liability', 'credit', 0),
  (@utility_id, '2150', 'Refunds payable', 'liability', 'credit', 0),
  (@utility_id, '2300', 'Deposits', 'liability', 'credit', 1),
  (@utility_id, '2310', 'Deposit interest payable', 'liability', 'credit', 0),
  (@utility_id, '2400', 'City utility tax', 'liability', 'credit', 0),
  (@utility_id, '2410', 'VAT and sales tax', 'liability', 'credit', 0),
  (@utility_id, '3900', 'Opening balances', 'equity', 'credit', 0),
  (@utility_id, '4010', 'Water fixed', 'revenue', 'credit', 0),
  (@utility_id, '4020', 'Water use', 'revenue', 'credit', 0),
  (@utility_id, '4030', 'Wastewater fixed', 'revenue', 'credit', 0),
  (@utility_id, '4040', 'Wastewater use', 'revenue', 'credit', 0),
  (@utility_id, '4050', 'Stormwater', 'revenue', 'credit', 0),
  (@utility_id, '4060', 'Electricity', 'revenue', 'credit', 0),
  (@utility_id, '4070', 'Gas', 'revenue', 'credit', 0),
  (@utility_id, '4100', 'Late fees and interest', 'revenue', 'credit', 0),
  (@utility_id, '4110', 'Connection, disconnection, reconnection', 'revenue', 'credit', 0),
  (@utility_id, '4120', 'Meter rent and services', 'revenue', 'credit', 0),
  (@utility_id, '4180', 'Convenience fees', 'revenue', 'credit', 0),
  (@utility_id, '4190', 'Adjustments and goodwill', 'revenue', 'credit', 0),
  (@utility_id, '4195', 'Rounding', 'revenue', 'credit', 0),
  (@utility_id, '5100', 'Bad debt', 'expense', 'debit', 0),
  (@utility_id, '5105', 'Bad debt recovered', 'expense', 'debit', 0),
  (@utility_id, '5110', 'Deposit interest', 'expense', 'debit', 0),
  (@utility_id, '5120', 'Gateway fees', 'expense', 'debit', 0),
  (@utility_id, '5130', 'Till over and short', 'expense', 'debit', 0)
on duplicate key update gl_code.id = gl_code.id;

insert into gl_role (utility_id, posting_key, gl_code_id)
select @utility_id, k.posting_key, g.id
from (
  select 'AR' posting_key, '1200' code union all
  select 'AR_AGREEMENT', '1210' union all
  select 'SUSPENSE', '1999' union all
  select 'REFUND_PAYABLE', '2150' union all
  select 'DEPOSIT_LIABILITY', '2300' union all
  select 'DEPOSIT_INTEREST_PAYABLE', '2310' union all
  select 'TAX_PAYABLE', '2400' union all
  select 'OPENING_BALANCE', '3900' union all
  select 'BANK', '1010' union all
  select 'TILL_CASH', '1011' union all
  select 'CHEQUE_CLEARING', '1012' union all
  select 'CARD_CLEARING', '1013' union all
  select 'GATEWAY_CLEARING', '1020' union all
  select 'GATEWAY_FEES', '5120' union all
  select 'DEPOSIT_INTEREST', '5110' union all
  select 'TILL_OVER_SHORT', '5130' union all
  select 'LATE_FEE_REVENUE', '4100' union all
  select 'FEE_REVENUE', '4110' union all
  select 'CONVENIENCE_FEE', '4180' union all
  select 'BILLING_CORRECTION', '4190' union all
  select 'ROUNDING', '4195' union all
  select 'BAD_DEBT', '5100' union all
  select 'BAD_DEBT_RECOVERY', '5105'
) k
join gl_code g on g.utility_id = @utility_id and g.code = k.code
where true
on duplicate key update gl_role.id = gl_role.id;

insert into gl_mapping (utility_id, charge_type, service_code, gl_code_id)
select @utility_id, k.charge_type, k.service_code, g.id
from (
  select 'FIXED' charge_type, 'WA' service_code, '4010' code union all
  select 'MIN_BILL', 'WA', '4010' union all
  select 'USAGE', 'WA', '4020' union all
  select 'DEMAND', 'WA', '4020' union all
  select 'FUEL_ADJ', 'WA', '4020' union all
  select 'SURCHARGE', 'WA', '4020' union all
  select 'TRUE_UP', 'WA', '4020' union all
  select 'FIXED', 'WW', '4030' union all
  select 'MIN_BILL', 'WW', '4030' union all
  select 'USAGE', 'WW', '4040' union all
  select 'DEMAND', 'WW', '4040' union all
  select 'FUEL_ADJ', 'WW', '4040' union all
  select 'SURCHARGE', 'WW', '4040' union all
  select 'TRUE_UP', 'WW', '4040' union all
  select 'FIXED', 'EL', '4060' union all
  select 'MIN_BILL', 'EL', '4060' union all
  select 'USAGE', 'EL', '4060' union all
  select 'DEMAND', 'EL', '4060' union all
  select 'FUEL_ADJ', 'EL', '4060' union all
  select 'SURCHARGE', 'EL', '4060' union all
  select 'TRUE_UP', 'EL', '4060' union all
  select 'FIXED', 'GA', '4070' union all
  select 'MIN_BILL', 'GA', '4070' union all
  select 'USAGE', 'GA', '4070' union all
  select 'DEMAND', 'GA', '4070' union all
  select 'FUEL_ADJ', 'GA', '4070' union all
  select 'SURCHARGE', 'GA', '4070' union all
  select 'TRUE_UP', 'GA', '4070' union all
  select 'FIXED', '', '4010' union all
  select 'MIN_BILL', '', '4010' union all
  select 'USAGE', '', '4020' union all
  select 'SEWER_FIXED', '', '4030' union all
  select 'SEWER_USAGE', '', '4040' union all
  select 'STORMWATER', '', '4050' union all
  select 'METER_RENT', '', '4120' union all
  select 'SURCHARGE', '', '4020' union all
  select 'SERVICE_FEE', '', '4120' union all
  select 'DISCOUNT', '', '4190' union all
  select 'SUBSIDY', '', '4190' union all
  select 'TRUE_UP', '', '4020' union all
  select 'TAX', '', '2400' union all
  select 'CONNECTION_FEE', '', '4110' union all
  select 'DISCONNECTION_FEE', '', '4110' union all
  select 'RECONNECTION_FEE', '', '4110' union all
  select 'LATE_FEE', '', '4100' union all
  select 'INTEREST', '', '4100' union all
  select 'RETURNED_PAYMENT_FEE', '', '4120' union all
  select 'DEPOSIT', '', '2300' union all
  select 'DEPOSIT_INTEREST', '', '2310' union all
  select 'DEPOSIT_APPLIED', '', '2300' union all
  select 'INSTALMENT', '', '1210' union all
  select 'ADJUSTMENT', '', '4190' union all
  select 'CREDIT_NOTE', '', '4190' union all
  select 'ROUNDING', '', '4195' union all
  select 'WRITE_OFF', '', '5100' union all
  select 'OPENING_BALANCE', '', '3900'
) k
join gl_code g on g.utility_id = @utility_id and g.code = k.code
where true
on duplicate key update gl_mapping.id = gl_mapping.id;

insert into gl_period (utility_id, label, from_date, to_date)
with recursive months(d, n) as (
  select date_format(@today, '%Y-%m-01') - interval 24 month, 0
  union all
  select d + interval 1 month, n + 1 from months where n < 36
)
select @utility_id, date_format(d, '%Y-%m'), d, last_day(d) from months
on duplicate key update gl_period.id = gl_period.id;

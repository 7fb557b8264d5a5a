-- Channels and modes of payment (switched off until the utility decides), rules, limits of approval, the agreement policy, complaint types, reasons.

insert into payment_channel (utility_id, code, name, sort) values
  (@utility_id, 'walk_in', 'Walk-in counter', 1), (@utility_id, 'portal', 'Consumer portal', 2), (@utility_id, 'field', 'Field collection', 3), (@utility_id, 'call', 'Call center', 4),
  (@utility_id, 'bank', 'Bank transfer import', 5), (@utility_id, 'lockbox', 'Lockbox and mail', 6), (@utility_id, 'agent', 'Agent and kiosk', 7)
on duplicate key update payment_channel.id = payment_channel.id;

insert into payment_mode (utility_id, code, name, cash_like, posting_key, sort) values
  (@utility_id, 'cash', 'Cash', 1, 'TILL_CASH', 1), (@utility_id, 'cheque', 'Cheque', 0, 'CHEQUE_CLEARING', 2), (@utility_id, 'money_order', 'Money order', 0, 'CHEQUE_CLEARING', 3), (@utility_id, 'card_desk', 'Card at desk', 0, 'CARD_CLEARING', 4),
  (@utility_id, 'card_online', 'Card online', 0, 'GATEWAY_CLEARING', 5), (@utility_id, 'bank_transfer', 'Bank transfer', 0, 'BANK', 6), (@utility_id, 'direct_debit', 'Direct debit', 0, 'BANK', 7), (@utility_id, 'wallet', 'Wallet', 0, 'GATEWAY_CLEARING', 8)
on duplicate key update payment_mode.id = payment_mode.id;

insert into payment_rule (utility_id, allocation_order) values (@utility_id, '["instalment_overdue","due_date","deposit","fee","consumption","tax","late_fee","other"]')
on duplicate key update payment_rule.id = payment_rule.id;

insert into approval_limit (utility_id, action, role_id, max_amount_minor)
select @utility_id, k.action, r.id, k.most
from (
  select 'credit_note' action, 'cso' role_code, 2500 most union all
  select 'credit_note', 'cso_supervisor', 25000 union all
  select 'credit_note', 'billing_manager', 250000 union all
  select 'credit_note', 'utility_admin', 999999999999 union all
  select 'adjustment', 'billing_clerk', 5000 union all
  select 'adjustment', 'cso', 2500 union all
  select 'adjustment', 'cso_supervisor', 25000 union all
  select 'adjustment', 'billing_manager', 250000 union all
  select 'adjustment', 'utility_admin', 999999999999 union all
  select 'bill_single', 'cso', 0 union all
  select 'bill_single', 'cso_supervisor', 20000 union all
  select 'bill_single', 'billing_clerk', 100000 union all
  select 'bill_single', 'billing_manager', 999999999999 union all
  select 'bill_single', 'utility_admin', 999999999999 union all
  select 'credit_move', 'cso', 50000 union all
  select 'credit_move', 'cso_supervisor', 50000
) k
join role r on r.utility_id = @utility_id and r.code = k.role_code
where true
on duplicate key update approval_limit.id = approval_limit.id;

insert into agreement_policy (utility_id, category_id, min_amount_minor, down_payment_ppm, down_payment_days, max_instalments, first_from_days, first_to_days, notice_day, cure_days, default_days)
select @utility_id, null, 5000, 100000, 7, 12, 0, 30, 5, 5, 5
from dual
where not exists (select 1 from agreement_policy p where p.utility_id = @utility_id);

insert into case_category (utility_id, kind, name, path) values
  (@utility_id, 'complaint', 'Billing', 'Billing'), (@utility_id, 'complaint', 'Payment', 'Payment'), (@utility_id, 'complaint', 'Supply', 'Supply'), (@utility_id, 'complaint', 'Water quality', 'Water quality'),
  (@utility_id, 'complaint', 'Leak', 'Leak'), (@utility_id, 'complaint', 'Meter', 'Meter'), (@utility_id, 'complaint', 'Wastewater', 'Wastewater'), (@utility_id, 'complaint', 'Service', 'Service')
on duplicate key update case_category.id = case_category.id;

insert into complaint_type (utility_id, code, name, category_id, default_priority, field_work, order_type, bill_dispute)
select @utility_id, k.code, k.name, c.id, k.priority, k.order_type is not null, k.order_type, k.dispute
from (
  select 'BILL-HIGH' code, 'Bill too high' name, 'Billing' category, 'normal' priority, null order_type, 1 dispute union all
  select 'BILL-WRONG', 'Wrong charge or reading on the bill', 'Billing', 'normal', 'SPECIAL_READ', 1 union all
  select 'PAY-MISSING', 'Payment not shown', 'Payment', 'high', null, 0 union all
  select 'SUP-NONE', 'No supply', 'Supply', 'high', 'SUPPLY_CHECK', 0 union all
  select 'SUP-PRESS', 'Low pressure', 'Supply', 'normal', 'PRESSURE_CHECK', 0 union all
  select 'QUAL', 'Taste, colour, smell', 'Water quality', 'high', 'WATER_QUALITY', 0 union all
  select 'LEAK', 'Leak at meter or street', 'Leak', 'high', 'LEAK_REPAIR', 0 union all
  select 'BURST', 'Burst main', 'Leak', 'emergency', 'LEAK_REPAIR', 0 union all
  select 'METER', 'Meter stopped, damaged, too fast', 'Meter', 'normal', 'INSPECT', 0 union all
  select 'SEWER', 'Blockage or overflow', 'Wastewater', 'critical', 'SEWER_CHECK', 0 union all
  select 'STAFF', 'Conduct of staff', 'Service', 'normal', null, 0 union all
  select 'PORTAL', 'Portal or message problem', 'Service', 'low', null, 0
) k
join case_category c on c.utility_id = @utility_id and c.kind = 'complaint' and c.name = k.category
where true
on duplicate key update complaint_type.id = complaint_type.id;

insert into reason_code (utility_id, kind, code, name, sort) values
  (@utility_id, 'credit', 'billing_error', 'Billing error', 1), (@utility_id, 'credit', 'leak_allowance', 'Leak allowance', 2), (@utility_id, 'credit', 'goodwill', 'Goodwill', 3), (@utility_id, 'credit', 'meter_error', 'Meter error', 4),
  (@utility_id, 'credit', 'late_fee_waiver', 'Late fee waived', 5), (@utility_id, 'credit', 'tax_correction', 'Tax correction', 6), (@utility_id, 'credit', 'bill_cancelled', 'Bill cancelled', 7),
  (@utility_id, 'bill_cancel', 'wrong_reading', 'Wrong reading', 1), (@utility_id, 'bill_cancel', 'wrong_plan', 'Wrong plan', 2), (@utility_id, 'bill_cancel', 'wrong_consumer', 'Wrong consumer', 3), (@utility_id, 'bill_cancel', 'duplicate', 'Duplicate', 4), (@utility_id, 'bill_cancel', 'other', 'Other', 5),
  (@utility_id, 'payment_reversal', 'wrong_account', 'Wrong account', 1), (@utility_id, 'payment_reversal', 'wrong_amount', 'Wrong amount', 2), (@utility_id, 'payment_reversal', 'duplicate', 'Duplicate', 3), (@utility_id, 'payment_reversal', 'returned_cheque', 'Returned cheque', 4), (@utility_id, 'payment_reversal', 'chargeback', 'Chargeback', 5), (@utility_id, 'payment_reversal', 'other', 'Other', 6)
on duplicate key update reason_code.id = reason_code.id;

-- Service types that the portal and its users need; the others come with the service catalogue.
insert into case_category (utility_id, kind, name, path) values (@utility_id, 'service', 'Billing', 'Billing'), (@utility_id, 'service', 'Portal', 'Portal')
on duplicate key update case_category.id = case_category.id;
insert into service_type (utility_id, code, name, description, category_id, fee_code, response_hours, resolution_hours, approval, payment_mode, portal_visible)
select @utility_id, k.code, k.name, k.description, c.id, k.fee_code, 8, k.hours, k.approval, k.payment_mode, 1
from (
  select 'BL-DUPL-001' code, 'Duplicate bill' name, 'A copy of a bill on paper' description, 'Billing' category, 'FEE-DUPBILL' fee_code, 40 hours, 'none' approval, 'on_bill' payment_mode union all
  select 'PT-ACCS-001', 'Portal access to an account', 'Somebody without the proofs asks to see an account', 'Portal', null, 18, 'supervisor', 'none'
) k
join case_category c on c.utility_id = @utility_id and c.kind = 'service' and c.name = k.category
where true
on duplicate key update service_type.id = service_type.id;

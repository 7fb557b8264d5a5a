-- Refunds made at the gateway before that were more than their payment held (0250): what stands in suspense of them.
update refund f join (
  select e.source_id, sum(e.debit_minor - e.credit_minor) as above from ledger_entry e
  join gl_role r on r.utility_id = e.utility_id and r.gl_code_id = e.gl_code_id and r.posting_key = 'SUSPENSE'
  where e.source_type = 'refund' and e.txn_type = 'refund_paid' group by e.source_id) x on x.source_id = f.id
set f.unheld_minor = least(f.amount_minor, greatest(x.above, 0)) where f.external = 1;

-- Document types of applications, and the standard bill template (active: a cycle can be billed at once).

insert into document_type (utility_id, code, name, purpose, formats, max_mb, mandatory_for, validity_days, verification) values
  (@utility_id, 'PHOTO-ID', 'Government photo ID', 'identity', 'pdf,jpg,png', 5, '[{"kind":"new_connection","category":"RES"}]', null, 'manual'),
  (@utility_id, 'ADDRESS', 'Proof of address', 'address', 'pdf,jpg,png', 5, null, 90, 'manual'),
  (@utility_id, 'BUSINESS', 'Business registration', 'ownership', 'pdf,jpg,png', 5, '[{"kind":"new_connection","category":"COM"}]', null, 'manual'),
  (@utility_id, 'DEED', 'Ownership or lease deed', 'ownership', 'pdf,jpg,png', 10, null, null, 'manual'),
  (@utility_id, 'METER-PHOTO', 'Meter photo', 'photo', 'jpg,png,heic,webp', 10, null, null, 'none')
on duplicate key update document_type.id = document_type.id;

insert into bill_template (utility_id, name, utility_type, state, is_default, current_version)
values (@utility_id, 'Standard water bill', 'water', 'active', 1, 1)
on duplicate key update bill_template.id = bill_template.id;

insert into bill_template_version (utility_id, template_id, version_no, sections, texts, paper, state, activated_at)
select @utility_id, t.id, 1,
  '[{"key":"header","on":true},{"key":"account","on":true},{"key":"summary","on":true},{"key":"readings","on":true},{"key":"charges","on":true},{"key":"taxes","on":true},{"key":"usage_graph","on":true},{"key":"comparison","on":true},{"key":"messages","on":true},{"key":"agreement","on":true},{"key":"payment_slip","on":true},{"key":"how_to_pay","on":true},{"key":"contact","on":true},{"key":"terms","on":false},{"key":"back_page","on":false},{"key":"inserts","on":false}]',
  '{"en":{"how_to_pay":"Online: scan the code or open the link. By mail: send a cheque with the slip below. In person: at our service centers.","contact":"Questions about this bill? Call or write to us; have your account number at hand."}}',
  'Letter', 'active', utc_timestamp(6)
from bill_template t
where t.utility_id = @utility_id and t.name = 'Standard water bill'
on duplicate key update bill_template_version.id = bill_template_version.id;

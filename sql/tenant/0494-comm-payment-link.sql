-- A payment link that is sent to the holder of the account (ONB03US01 "paying").
insert into template_default (`key`, lang, name, category, class, topic, legal, tenant_level, subject, body_text, sms_text) values
  ('payment_link', 'en', 'Payment link', 'Payments', 'transactional', 'payments', 0, 0, 'Pay {{payment.amount}} to {{utility.name}}', '{{consumer.name}}, with this link you pay {{payment.amount}} for account {{account_no}} online, without signing in.\n\nPay: {{link}}\n\nIt is good until {{until}}. Whoever has it can pay; nothing is taken before. Questions: {{utility.phone}}', '{{utility.short}}: pay {{payment.amount}} for {{account_no}} until {{until}}: {{link}}'),
  ('payment_link', 'es', 'Payment link', 'Payments', 'transactional', 'payments', 0, 0, 'Pague {{payment.amount}} a {{utility.name}}', '{{consumer.name}}: con este enlace paga {{payment.amount}} de la cuenta {{account_no}} por internet, sin iniciar sesión.\n\nPagar: {{link}}\n\nEs válido hasta el {{until}}. Quien lo tenga puede pagar; antes no se cobra nada. Preguntas: {{utility.phone}}', '{{utility.short}}: pague {{payment.amount}} de {{account_no}} hasta el {{until}}: {{link}}')
on duplicate key update subject = values(subject), body_text = values(body_text), sms_text = values(sms_text);

-- of utilities that are there already; new ones get it by their seeds
insert ignore into template (utility_id, `key`, name, category_id, class, topic, channels, is_system, legal)
select c.utility_id, d.`key`, d.name, c.id, d.class, d.topic, '["email","sms","inapp"]', 1, d.legal
from template_default d
join template_category c on c.name = d.category and c.utility_id is not null
where d.`key` = 'payment_link' and d.lang = 'en';

insert ignore into template_version (utility_id, template_id, no, lang, channel, subject, body_text, state, effective_at)
select t.utility_id, t.id, 1, d.lang, x.channel, if(x.channel = 'sms', null, d.subject),
  case x.channel when 'email' then d.body_text when 'sms' then d.sms_text else left(substring_index(d.body_text, '\n\n', 1), 500) end,
  'active', utc_timestamp(6)
from template t
join template_default d on d.`key` = t.`key`
cross join (select 'email' channel union all select 'sms' union all select 'inapp') x
where t.utility_id is not null and t.`key` = 'payment_link';

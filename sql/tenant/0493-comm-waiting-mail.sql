-- A mail a day about notes that were not read, for staff who want it (AU01US03: notification choices).
alter table note_version
  add column if not exists told_at datetime(6) null comment 'notes until then were told of by mail; NULL: none was yet';
update note_version set told_at = utc_timestamp(6) where told_at is null;

insert into template_default (`key`, lang, name, category, class, topic, legal, tenant_level, subject, body_text, sms_text) values
  ('notes_waiting', 'en', 'What waits for you', 'Reports', 'service', 'service_requests', 0, 1, 'Waiting for you in SMART360: {{count}}', '{{name}}, since the last mail these notes came that you have not read:\n\n{{list}}\n\nAll of them: {{link}}\n\nYou can switch this mail off in your profile.', null),
  ('notes_waiting', 'es', 'What waits for you', 'Reports', 'service', 'service_requests', 0, 1, 'Le espera en SMART360: {{count}}', '{{name}}, desde el último correo llegaron estas notas que no ha leído:\n\n{{list}}\n\nTodas: {{link}}\n\nPuede desactivar este correo en su perfil.', null)
on duplicate key update subject = values(subject), body_text = values(body_text);

-- of tenants that are there already; new ones get it by their seeds
insert ignore into template (utility_id, `key`, name, class, topic, channels, is_system, legal)
select null, d.`key`, d.name, d.class, d.topic, '["email"]', 1, d.legal
from template_default d
where d.`key` = 'notes_waiting' and d.lang = 'en' and exists (select 1 from template where utility_id is null);

insert ignore into template_version (utility_id, template_id, no, lang, channel, subject, body_text, state, effective_at)
select null, t.id, 1, d.lang, 'email', d.subject, d.body_text, 'active', utc_timestamp(6)
from template t
join template_default d on d.`key` = t.`key`
where t.utility_id is null and t.`key` = 'notes_waiting';

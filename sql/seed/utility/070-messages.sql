-- Settings of the Communication Hub, categories, and the delivered templates: mail and in-app of each, SMS where it has a text.

insert into comm_settings (utility_id, caps, retry_minutes, topics, keywords, default_languages, sender_names, bounce_rules) values (@utility_id,
  '{"service":{"day":3},"promotional":{"day":1,"days30":4}}', '[1,5,15,60]',
  '[{"key":"billing","name":"Billing","class":"service","channels":["email","inapp"],"optional":true},{"key":"payments","name":"Payments","class":"transactional","channels":["email","inapp"],"optional":true},{"key":"outages_safety","name":"Outages and safety","class":"critical","channels":["sms","email","inapp"],"optional":false},{"key":"usage_alerts","name":"Usage alerts","class":"service","channels":["email","inapp"],"optional":true},{"key":"service_requests","name":"Requests and appointments","class":"transactional","channels":["email","inapp"],"optional":true},{"key":"account_security","name":"Account and security","class":"transactional","channels":["email","inapp"],"optional":false},{"key":"news_tips","name":"News and tips","class":"promotional","channels":["email"],"optional":true},{"key":"surveys","name":"Surveys","class":"promotional","channels":["email"],"optional":true}]',
  '{"stop":["STOP","STOPALL","UNSUBSCRIBE","CANCEL","END","QUIT"],"start":["START","YES","UNSTOP"],"help":["HELP","INFO"]}', '["en"]', null,
  '{"hard":"invalid","soft_attempts":4,"soft_hours":6}')
on duplicate key update comm_settings.id = comm_settings.id;

insert into template_category (utility_id, name, sort) values
  (@utility_id, 'Billing', 1), (@utility_id, 'Payments', 2), (@utility_id, 'Reminders', 3), (@utility_id, 'Outages & safety', 4), (@utility_id, 'Service requests', 5),
  (@utility_id, 'Complaints', 6), (@utility_id, 'Account & security', 7), (@utility_id, 'Usage', 8), (@utility_id, 'Reports', 9), (@utility_id, 'Announcements', 10), (@utility_id, 'Surveys', 11)
on duplicate key update template_category.id = template_category.id;

insert into template (utility_id, `key`, name, category_id, class, topic, channels, is_system, legal)
select @utility_id, d.`key`, d.name, c.id, d.class, d.topic, if(d.sms_text is null, '["email","inapp"]', '["email","sms","inapp"]'), 1, d.legal
from template_default d
join template_category c on c.utility_id = @utility_id and c.name = d.category
where d.lang = 'en'
on duplicate key update template.id = template.id;

insert into template_version (utility_id, template_id, no, lang, channel, subject, body_text, state, effective_at)
select @utility_id, t.id, 1, d.lang, x.channel, if(x.channel = 'sms', null, d.subject),
  case x.channel when 'email' then d.body_text when 'sms' then d.sms_text else left(substring_index(d.body_text, '\n\n', 1), 500) end,
  'active', utc_timestamp(6)
from template t
join template_default d on d.`key` = t.`key`
cross join (select 'email' channel union all select 'sms' union all select 'inapp') x
where t.utility_id = @utility_id and (x.channel <> 'sms' or d.sms_text is not null)
on duplicate key update template_version.id = template_version.id;

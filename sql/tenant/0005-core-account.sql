-- What a person of the staff sets for the own screen (ux: keys can be switched off, WCAG 2.1.4).
alter table user
  add column if not exists keys_off tinyint(1) not null default 0 comment 'no keys of one letter';

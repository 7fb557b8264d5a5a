-- Exports of a tenant that wait for their end: each has a job of its own, which runs for ended tenants too.
insert ignore into job (tenant_id, kind, class, unique_key, run_at)
  select x.tenant_id, 'tenant.export_end', 'general', concat('export:', x.public_id), x.expires_at
  from tenant_export x join tenant t on t.id = x.tenant_id and t.status <> 'archived' where x.state = 'ready';

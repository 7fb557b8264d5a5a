-- The queue of all tenants (assurance section 3). A job is enqueued and finished in the tenant's own transaction as smart360.job.
-- live is 1 while ready or running, else NULL: a second enqueue with the same unique_key meets the first one.
create table if not exists job (
  id bigint unsigned not null auto_increment primary key,
  public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  tenant_id bigint unsigned null comment 'NULL: a job of the platform', utility_id bigint unsigned null comment 'in the tenant''s schema',
  kind varchar(60) collate utf8mb4_bin not null comment 'handler, as bill_run.calculate',
  class varchar(20) collate utf8mb4_bin not null check (class in ('payments', 'messages', 'bills', 'imports', 'documents', 'general')),
  payload json null,
  unique_key varchar(160) collate utf8mb4_bin null,
  state varchar(16) collate utf8mb4_bin not null default 'ready' check (state in ('ready', 'running', 'done', 'dead', 'cancelled')),
  priority smallint not null default 100 comment 'smaller goes first',
  run_at datetime(6) not null,
  lease_until datetime(6) null, worker varchar(80) null,
  token int unsigned not null default 0 comment 'grows with each claim; a holder with an older one has lost the job',
  attempts int unsigned not null default 0, crashes int unsigned not null default 0, max_attempts int unsigned not null default 12,
  `cursor` json null comment 'where the next chunk starts', steps int unsigned not null default 0 comment 'committed steps: tells an unknown COMMIT',
  progress_done bigint not null default 0, progress_total bigint null, progress_errors bigint not null default 0,
  result json null, error varchar(2000) null,
  actor_kind varchar(16) null, actor_id bigint unsigned null comment 'who asked for it',
  created_at datetime(6) not null default (utc_timestamp(6)), started_at datetime(6) null, ended_at datetime(6) null,
  live tinyint generated always as (if(state in ('ready', 'running'), 1, null)) stored,
  tenant_key bigint unsigned generated always as (ifnull(tenant_id, 0)) stored,
  unique key job_unique (tenant_key, kind, unique_key, live),
  key job_claim (state, class, priority, run_at, id, tenant_key, kind),
  key job_lease (state, lease_until),
  key job_tenant (tenant_id, state, kind, id),
  key job_ended (state, ended_at),
  foreign key (tenant_id) references tenant (id)
);

-- One row per claim that ended: the history a dead job shows.
create table if not exists job_attempt (
  job_id bigint unsigned not null, token int unsigned not null,
  worker varchar(80) null, started_at datetime(6) not null, ended_at datetime(6) not null default (utc_timestamp(6)),
  outcome varchar(16) not null check (outcome in ('done', 'retry', 'dead', 'crashed', 'given_back', 'cancelled')),
  error varchar(2000) null,
  primary key (job_id, token), foreign key (job_id) references job (id) on delete cascade
);

-- Recurring jobs: (task, due time) is inserted once, however many schedulers run.
create table if not exists schedule_run (
  tenant_key bigint unsigned not null default 0 comment '0: the platform', task varchar(80) collate utf8mb4_bin not null, due_at datetime(6) not null,
  job_id bigint unsigned null, created_at datetime(6) not null default (utc_timestamp(6)),
  primary key (tenant_key, task, due_at)
);

-- Worker processes that are alive: /health and the run page count them.
create table if not exists worker (
  name varchar(80) collate utf8mb4_bin not null primary key, host varchar(80) not null, pid int not null, kind varchar(20) not null,
  started_at datetime(6) not null, seen_at datetime(6) not null, version varchar(20) null
);

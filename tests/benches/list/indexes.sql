-- Primary keys, foreign keys, and pairs that must be unique: what Django makes without being told.
ALTER TABLE lead ADD PRIMARY KEY (id);
CREATE INDEX ON lead (created_by_id);
CREATE INDEX ON lead (updated_by_id);
CREATE INDEX ON lead (company_id);
CREATE INDEX ON lead (org_id);
ALTER TABLE lead_tags ADD PRIMARY KEY (id);
ALTER TABLE lead_tags ADD UNIQUE (lead_id, tags_id);
CREATE INDEX ON lead_tags (lead_id);
CREATE INDEX ON lead_tags (tags_id);
ALTER TABLE lead_assigned_to ADD PRIMARY KEY (id);
ALTER TABLE lead_assigned_to ADD UNIQUE (lead_id, profile_id);
CREATE INDEX ON lead_assigned_to (lead_id);
CREATE INDEX ON lead_assigned_to (profile_id);

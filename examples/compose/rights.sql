-- rights.sql: what the role that serves may do, and no more; run as the owner after each `hydrant migrate`. docs/storage.md says why.
GRANT SELECT ON schema_migrations TO hydrant_serve;
GRANT SELECT, INSERT, UPDATE, DELETE ON grant_state, endings TO hydrant_serve;
GRANT SELECT, INSERT, DELETE, UPDATE (claims, expires_at) ON grants TO hydrant_serve;
GRANT SELECT, INSERT, DELETE ON clients, client_origins TO hydrant_serve;
GRANT SELECT, INSERT, DELETE, UPDATE (activate_at, retire_at, remove_at, wanted_at, sealed_private) ON signing_keys TO hydrant_serve;

-- Administrators of before this permission get it; a new realm is seeded with its roles after its tables are made.
INSERT INTO role_permission (role_code, permission)
SELECT code, 'LEDGER_LOCK' FROM role WHERE code = 'ADMIN'
ON CONFLICT (role_code, permission) DO NOTHING;

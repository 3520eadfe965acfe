-- Operators of before this permission get it; a new realm is seeded with its roles after its tables are made.
INSERT INTO role_permission (role_code, permission)
SELECT code, 'MARKET_MANAGE' FROM role WHERE code = 'PLATFORM_OPERATOR'
ON CONFLICT (role_code, permission) DO NOTHING;

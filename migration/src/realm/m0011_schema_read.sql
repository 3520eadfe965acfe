-- Who may ask for the schema's description, in realms of before this permission.
INSERT INTO role_permission (role_code, permission)
SELECT code, 'SCHEMA_READ' FROM role WHERE code IN ('ADMIN', 'PLATFORM_OPERATOR')
ON CONFLICT (role_code, permission) DO NOTHING;

//! People, sessions and audit: the same tables in every tenant's schema and in `platform`. The names carry no schema; the
//! session's `search_path` says whose they are.

pub mod api_key;
pub mod api_key_scope;
pub mod audit_checkpoint;
pub mod audit_head;
pub mod audit_log;
pub mod audit_personal;
pub mod credential;
pub mod dim_user;
pub mod idempotency_key;
pub mod mail_outbox;
pub mod mail_token;
pub mod meta_system_config;
pub mod role;
pub mod role_permission;
pub mod session;
pub mod sign_in;

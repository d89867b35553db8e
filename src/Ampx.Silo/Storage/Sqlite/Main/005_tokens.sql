-- API tokens of mode 'tokens', and what browsers hold in a token's place. No secret is stored, only SHA-256 of it: each has 256 random bits, so nothing slower is needed.

CREATE TABLE api_token
(
  token_id     TEXT NOT NULL PRIMARY KEY,
  hash         TEXT NOT NULL UNIQUE,
  name         TEXT NOT NULL,
  user_name    TEXT NOT NULL,
  role         TEXT NOT NULL,
  created_at   INTEGER NOT NULL,   -- unix milliseconds
  expires_at   INTEGER,            -- null = never
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sign_in
(
  hash       TEXT NOT NULL PRIMARY KEY,
  kind       TEXT NOT NULL,        -- session, code
  token_id   TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_by_token ON sign_in (token_id);

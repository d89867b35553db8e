-- API tokens of mode 'tokens', and what browsers hold in a token's place. No secret is stored, only SHA-256 of it: each has 256 random bits, so nothing slower is needed.

CREATE TABLE api_token
(
  token_id     text COLLATE "C" NOT NULL PRIMARY KEY,
  hash         text COLLATE "C" NOT NULL UNIQUE,
  name         text NOT NULL,
  user_name    text NOT NULL,
  role         text NOT NULL,
  created_at   bigint NOT NULL,   -- unix milliseconds
  expires_at   bigint,            -- null = never
  last_used_at bigint
);

CREATE TABLE sign_in
(
  hash       text COLLATE "C" NOT NULL PRIMARY KEY,
  kind       text NOT NULL,       -- session, code
  token_id   text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL
);

CREATE INDEX sign_in_by_token ON sign_in (token_id);

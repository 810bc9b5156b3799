-- A variable that holds this URL follows the address of that deploy.
CREATE TABLE addresses (
  deploy_id INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  variable  TEXT NOT NULL,
  url       TEXT NOT NULL,
  app       TEXT NOT NULL,
  name      TEXT NOT NULL,
  PRIMARY KEY (deploy_id, variable, url)
) STRICT;

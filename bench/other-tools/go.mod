// Schema tools that Colonnade is measured beside. Nothing of them comes with it.
module colonnade.test/other-tools

go 1.26.0

require (
	github.com/pgplex/pgschema v1.9.0
	github.com/sqldef/sqldef/v3 v3.11.1
	github.com/stripe/pg-schema-diff v1.0.7
)

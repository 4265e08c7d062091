-- The shop in Postgres, as its team writes it: not scripted but declared. `make crds` puts this text into the resource.

-- Functions for triggers

CREATE FUNCTION set_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

-- Works on every table, whatever its columns and its primary key.
CREATE FUNCTION audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    old_row jsonb;
    new_row jsonb;
    row_key jsonb;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        old_row := to_jsonb(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        new_row := to_jsonb(NEW);
    END IF;
    SELECT jsonb_object_agg(a.attname, coalesce(new_row, old_row) -> a.attname::text)
      INTO row_key
      FROM pg_index AS i
      JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
     WHERE i.indrelid = TG_RELID AND i.indisprimary;
    INSERT INTO audit_log (table_schema, table_name, operation, row_key, old_row, new_row, changed_by)
    VALUES (TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP, row_key, old_row, new_row, session_user);
    RETURN NULL;
END
$$;

-- Tables

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email         text NOT NULL CONSTRAINT users_email_key UNIQUE,
    username      text NOT NULL CONSTRAINT users_username_key UNIQUE,
    password_hash text NOT NULL,
    verified_at   timestamptz,
    status        text NOT NULL DEFAULT 'invited',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_shape CHECK (email LIKE '_%@_%'),
    CONSTRAINT users_status_known CHECK (status IN ('invited', 'active', 'suspended'))
);

-- At most one for each user: the key says so.
CREATE TABLE user_profiles (
    user_id    bigint PRIMARY KEY
               CONSTRAINT user_profiles_user_fkey REFERENCES users (id) ON UPDATE CASCADE ON DELETE CASCADE,
    full_name  text NOT NULL,
    phone      varchar(32),
    birthday   date,
    address    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE categories (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id  integer CONSTRAINT categories_parent_fkey REFERENCES categories (id) ON DELETE RESTRICT,
    slug       text NOT NULL CONSTRAINT categories_slug_key UNIQUE,
    name       text NOT NULL,
    position   smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT categories_not_its_own_parent CHECK (parent_id <> id)
);

CREATE TABLE products (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    category_id integer CONSTRAINT products_category_fkey REFERENCES categories (id) ON DELETE SET NULL,
    sku         text NOT NULL CONSTRAINT products_sku_key UNIQUE,
    name        text NOT NULL,
    description text NOT NULL DEFAULT '',
    price       numeric(12, 2) NOT NULL,
    stock       integer NOT NULL DEFAULT 0,
    tags        text[] NOT NULL DEFAULT '{}',
    active      boolean NOT NULL DEFAULT true,
    search      tsvector GENERATED ALWAYS AS (to_tsvector('english', name || ' ' || description)) STORED,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT products_price_not_negative CHECK (price >= 0),
    CONSTRAINT products_stock_not_negative CHECK (stock >= 0)
);

CREATE TABLE orders (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL CONSTRAINT orders_user_fkey REFERENCES users (id) ON DELETE RESTRICT,
    status     text NOT NULL DEFAULT 'pending',
    total      numeric(12, 2) NOT NULL DEFAULT 0,
    notes      text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT orders_status_known
        CHECK (status IN ('pending', 'processing', 'shipped', 'delivered', 'cancelled')),
    CONSTRAINT orders_total_not_negative CHECK (total >= 0)
);

CREATE TABLE order_items (
    order_id   bigint NOT NULL CONSTRAINT order_items_order_fkey REFERENCES orders (id) ON DELETE CASCADE,
    product_id bigint NOT NULL CONSTRAINT order_items_product_fkey REFERENCES products (id) ON DELETE RESTRICT,
    quantity   integer NOT NULL,
    unit_price numeric(12, 2) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_id, product_id),
    CONSTRAINT order_items_quantity_positive CHECK (quantity > 0),
    CONSTRAINT order_items_unit_price_not_negative CHECK (unit_price >= 0)
);

-- Rows are only ever added.
CREATE TABLE audit_log (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_schema text NOT NULL,
    table_name   text NOT NULL,
    operation    text NOT NULL,
    row_key      jsonb,
    old_row      jsonb,
    new_row      jsonb,
    changed_by   text NOT NULL,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT audit_log_operation_known CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE'))
);

COMMENT ON TABLE users IS 'People who can sign in';
COMMENT ON COLUMN users.verified_at IS 'When the address was proved to be theirs; NULL until then';
COMMENT ON COLUMN order_items.unit_price IS 'What was asked for one when it was ordered; products.price may change later';
COMMENT ON TABLE audit_log IS 'Every change of every row in the tables above, newest last';

-- Indexes

CREATE INDEX users_created_at_idx ON users (created_at DESC);
CREATE INDEX categories_parent_idx ON categories (parent_id, position);
CREATE INDEX products_category_price_idx ON products (category_id, price DESC);
CREATE INDEX products_in_stock_idx ON products (name) WHERE active AND stock > 0;
CREATE INDEX products_search_idx ON products USING gin (search);
CREATE INDEX products_tags_idx ON products USING gin (tags);
CREATE INDEX orders_user_idx ON orders (user_id, created_at DESC);
CREATE INDEX orders_newest_idx ON orders (created_at DESC) INCLUDE (status, total);
CREATE INDEX orders_open_idx ON orders (created_at) WHERE status IN ('pending', 'processing');
CREATE INDEX order_items_product_idx ON order_items (product_id);
CREATE INDEX audit_log_table_idx ON audit_log (table_schema, table_name, changed_at DESC);
CREATE INDEX audit_log_row_key_idx ON audit_log USING gin (row_key jsonb_path_ops);

-- Views

CREATE VIEW order_summaries AS
SELECT o.id,
       u.username,
       o.status,
       count(i.product_id) AS lines,
       coalesce(sum(i.quantity * i.unit_price), 0) AS amount,
       o.created_at
  FROM orders AS o
  JOIN users AS u ON u.id = o.user_id
  LEFT JOIN order_items AS i ON i.order_id = o.id
 GROUP BY o.id, u.username;

-- Triggers

CREATE TRIGGER set_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON user_profiles FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON categories FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON order_items FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION audit();
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON user_profiles FOR EACH ROW EXECUTE FUNCTION audit();
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON categories FOR EACH ROW EXECUTE FUNCTION audit();
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON products FOR EACH ROW EXECUTE FUNCTION audit();
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION audit();
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON order_items FOR EACH ROW EXECUTE FUNCTION audit();

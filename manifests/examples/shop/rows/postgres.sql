-- Rows for every table of the shop: a few that one can read, and enough of them to make a plan look at numbers.

INSERT INTO users (email, username, password_hash, verified_at)
VALUES ('ada@example.org', 'ada', 'argon2id$…', now() - interval '1 year'),
       ('bob@example.org', 'bob', 'argon2id$…', NULL),
       ('cleo@example.org', 'cleo', 'argon2id$…', now() - interval '2 days');
INSERT INTO users (email, username, password_hash, verified_at)
SELECT 'customer' || n || '@example.org', 'customer' || n, 'argon2id$…', CASE WHEN n % 10 <> 0 THEN now() END
  FROM generate_series(1, 497) AS n;

INSERT INTO user_profiles (user_id, full_name, phone, birthday, address)
SELECT id, initcap(username), '+44 20 7946 0' || lpad((id % 1000)::text, 3, '0'), date '1990-01-01' + (id % 9000)::integer,
       jsonb_build_object('city', 'London', 'postcode', 'NW1 ' || id)
  FROM users WHERE id % 2 = 1;

INSERT INTO categories (parent_id, slug, name, position)
VALUES (NULL, 'books', 'Books', 1), (NULL, 'music', 'Music', 2);
INSERT INTO categories (parent_id, slug, name, position)
SELECT id, 'novels', 'Novels', 1 FROM categories WHERE slug = 'books'
UNION ALL
SELECT id, 'vinyl', 'Vinyl', 1 FROM categories WHERE slug = 'music';

INSERT INTO products (category_id, sku, name, description, price, stock, tags)
SELECT (SELECT id FROM categories WHERE slug = 'novels'), 'NOV-' || n, 'Novel No. ' || n, 'A story in paperback',
       9.90 + n % 20, n % 50, ARRAY['paperback', CASE WHEN n % 3 = 0 THEN 'new' ELSE 'classic' END]
  FROM generate_series(1, 40) AS n;
INSERT INTO products (category_id, sku, name, description, price, stock, tags)
SELECT (SELECT id FROM categories WHERE slug = 'vinyl'), 'VIN-' || n, 'Record No. ' || n, 'Music on black plastic',
       19.90 + n % 30, n % 20, ARRAY['vinyl']
  FROM generate_series(1, 20) AS n;

INSERT INTO orders (user_id, status, notes, created_at)
SELECT (SELECT min(id) FROM users) + n % 500,
       (ARRAY['pending', 'processing', 'shipped', 'delivered', 'cancelled'])[1 + n % 5],
       CASE WHEN n % 7 = 0 THEN 'Please wrap it' END, now() - n * interval '1 hour'
  FROM generate_series(1, 600) AS n;

INSERT INTO order_items (order_id, product_id, quantity, unit_price)
SELECT o.id, p.id, 1 + (o.id % 3)::integer, p.price
  FROM orders AS o
  JOIN products AS p ON p.id IN ((SELECT min(id) FROM products) + o.id % 60, (SELECT min(id) FROM products) + (o.id * 7) % 60);

UPDATE orders AS o
   SET total = s.amount
  FROM order_summaries AS s
 WHERE s.id = o.id;

-- A few rows in every table, for the demo and the tests.
INSERT INTO users (email, username, password_hash)
SELECT format('user%s@example.org', i), format('user%s', i), 'not-a-hash' FROM generate_series(1, 200) i;
INSERT INTO user_profiles (user_id, first_name, last_name) SELECT id, 'First', 'Last ' || id FROM users;
INSERT INTO categories (name, slug) VALUES ('Books', 'books'), ('Music', 'music');
INSERT INTO categories (parent_id, name, slug) SELECT id, 'Novels', 'novels' FROM categories WHERE slug = 'books';
INSERT INTO products (category_id, sku, name, price, stock)
SELECT c.id, format('%s-%s', c.slug, i), format('%s no. %s', c.name, i), 9.99 + i, i FROM categories c, generate_series(1, 30) i;
INSERT INTO orders (user_id, status) SELECT id, CASE WHEN id % 3 = 0 THEN 'paid' ELSE 'pending' END FROM users;
INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
SELECT o.id, 1, p.id, 1 + o.id % 3, p.price FROM orders o JOIN products p ON p.id = 1 + o.id % 90;

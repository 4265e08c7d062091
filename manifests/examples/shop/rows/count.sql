-- How many rows each table has.
SELECT (SELECT count(*) FROM users) AS users,
       (SELECT count(*) FROM user_profiles) AS user_profiles,
       (SELECT count(*) FROM categories) AS categories,
       (SELECT count(*) FROM products) AS products,
       (SELECT count(*) FROM orders) AS orders,
       (SELECT count(*) FROM order_items) AS order_items,
       (SELECT count(*) FROM audit_log) AS audit_log;

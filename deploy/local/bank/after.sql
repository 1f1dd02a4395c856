with moved as (select account_id, sum(amount) as total from transactions group by account_id)
update accounts set
  opening_balance = greatest(0, -coalesce(moved.total, 0)) + accounts.opening_balance,
  balance = greatest(0, -coalesce(moved.total, 0)) + accounts.opening_balance + coalesce(moved.total, 0)
from accounts each left join moved on moved.account_id = each.id
where each.id = accounts.id;

create index accounts_customer on accounts (customer_id);
create index transactions_account on transactions (account_id, booked_at desc);
create index transactions_booked on transactions (booked_at desc);
create index transactions_category on transactions (category);
create index customers_name on customers (full_name);
analyze;

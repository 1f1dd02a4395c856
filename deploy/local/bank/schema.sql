-- The demo bank: believable and invented. Nobody here exists, no card can be charged, no account can be paid into.

create table customers (
  id integer primary key,
  full_name text not null,
  language text not null check (language in ('az', 'ru', 'tr', 'en')),
  birth_date date not null,
  phone text not null,
  email text not null unique,
  city text not null,
  segment text not null check (segment in ('retail', 'premium', 'business')),
  national_id text not null unique,
  iban text not null unique,
  card_number text not null unique,
  card_expires date not null,
  customer_since date not null
);
comment on table customers is 'People and firms who hold accounts with the bank; one row a customer.';
comment on column customers.id is 'Customer number; accounts.customer_id refers to it.';
comment on column customers.full_name is 'First and last name as the customer writes it.';
comment on column customers.language is 'Language of correspondence: az, ru, tr or en.';
comment on column customers.phone is 'Mobile number in international form, +994…';
comment on column customers.email is 'E-mail address, on domains reserved for examples.';
comment on column customers.segment is 'How the bank serves them: retail, premium or business.';
comment on column customers.national_id is 'Personal identification number (FIN), seven characters. Personal data.';
comment on column customers.iban is 'IBAN of the main account. Personal data.';
comment on column customers.card_number is 'Number of the main card, in a range reserved for tests. Personal data.';
comment on column customers.card_expires is 'Last day on which the main card is valid.';
comment on column customers.customer_since is 'Day on which the first account was opened.';

create table accounts (
  id integer primary key,
  customer_id integer not null references customers,
  iban text not null unique,
  kind text not null check (kind in ('current', 'savings', 'deposit')),
  currency text not null check (currency in ('AZN', 'USD', 'EUR')),
  status text not null check (status in ('active', 'dormant', 'closed')),
  branch text not null,
  opened_on date not null,
  opening_balance numeric(14, 2) not null,
  balance numeric(14, 2) not null
);
comment on table accounts is 'Accounts; a customer has one or more.';
comment on column accounts.kind is 'current for daily use, savings, or deposit for a fixed term.';
comment on column accounts.status is 'active, dormant (no movement for long) or closed.';
comment on column accounts.branch is 'Branch that keeps the account.';
comment on column accounts.opening_balance is 'Balance a year ago, before the first row in transactions.';
comment on column accounts.balance is 'Balance now, in the currency of the account: opening_balance plus the sum of its transactions.';

create table transactions (
  id integer primary key,
  account_id integer not null references accounts,
  booked_at timestamptz not null,
  amount numeric(12, 2) not null check (amount <> 0),
  currency text not null,
  kind text not null check (kind in ('card', 'transfer', 'salary', 'cash', 'fee')),
  category text not null,
  counterparty text not null,
  description text not null
);
comment on table transactions is 'Movements on accounts over the last year, newest and oldest alike.';
comment on column transactions.booked_at is 'When the movement was booked.';
comment on column transactions.amount is 'Amount in the currency of the account: negative when money leaves it.';
comment on column transactions.kind is 'card, transfer, salary, cash or fee.';
comment on column transactions.category is 'What it was for, such as groceries or rent.';
comment on column transactions.counterparty is 'Shop, firm or person on the other side.';

create table salaries (
  id integer primary key,
  employee_name text not null,
  email text not null unique,
  national_id text not null unique,
  department text not null,
  position text not null,
  monthly_salary numeric(10, 2) not null check (monthly_salary > 0),
  yearly_bonus numeric(10, 2) not null check (yearly_bonus >= 0),
  currency text not null default 'AZN' check (currency = 'AZN'),
  hired_on date not null,
  manager_id integer references salaries
);
comment on table salaries is 'Pay of the bank''s own employees. Confidential: for operators alone.';
comment on column salaries.monthly_salary is 'Gross salary a month.';
comment on column salaries.yearly_bonus is 'Bonus of the last full year.';
comment on column salaries.manager_id is 'The employee this one reports to.';

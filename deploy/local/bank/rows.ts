import { Draw } from './draw.ts'
import { cardNumber, fin, iban, phone } from './identifiers.ts'
import { personName } from './names.ts'

const customerCount = 2_000
const secondAccounts = 1_000
const employeeCount = 200
const cities = ['Bakı', 'Bakı', 'Bakı', 'Sumqayıt', 'Gəncə', 'Mingəçevir', 'Lənkəran', 'Şəki', 'Quba', 'Naxçıvan'] as const
const branches = ['Nizami', '28 May', 'Gənclik', 'Sumqayıt', 'Gəncə', 'Lənkəran', 'Şəki'] as const

/** The customers, accounts and salaries of the bank, the same every time. `year` is the current year. */
export function bankRows(year: number) {
  const draw = new Draw(20_240_501)
  const customers = Array.from({ length: customerCount }, (_, index) => customer(draw, index + 1, year))
  const accounts = customers.map(({ id, iban, customer_since }) => account(draw, id, id, iban, customer_since))
  for (let next = 1; next <= secondAccounts; next++) {
    const owner = draw.item(customers)
    accounts.push(account(draw, customerCount + next, owner.id, iban(draw), owner.customer_since))
  }
  const salaries = Array.from({ length: employeeCount }, (_, index) => employee(draw, index + 1, year))
  return { customers, accounts, salaries }
}

function customer(draw: Draw, id: number, year: number) {
  const { full, language, email } = personName(draw, id)
  return {
    id,
    full_name: full,
    language,
    birth_date: draw.day(year - 80, year - 19),
    phone: phone(draw),
    email,
    city: draw.item(cities),
    segment: draw.item(['retail', 'retail', 'retail', 'retail', 'retail', 'premium', 'business']),
    national_id: fin(draw),
    iban: iban(draw),
    card_number: cardNumber(draw),
    card_expires: draw.day(year + 1, year + 4),
    customer_since: draw.day(year - 14, year - 2),
  }
}

function account(draw: Draw, id: number, customerId: number, iban: string, since: string) {
  return {
    id,
    customer_id: customerId,
    iban,
    kind: draw.item(['current', 'current', 'current', 'savings', 'deposit']),
    currency: draw.item(['AZN', 'AZN', 'AZN', 'AZN', 'USD', 'EUR']),
    status: draw.item(['active', 'active', 'active', 'active', 'active', 'active', 'active', 'active', 'dormant', 'closed']),
    branch: draw.item(branches),
    opened_on: since,
    opening_balance: draw.int(50, 9_000) + draw.int(0, 99) / 100,
    balance: 0,
  }
}

const departments: Record<string, string[]> = {
  'Retail banking': ['Teller', 'Relationship manager', 'Branch supervisor'],
  'Corporate banking': ['Credit analyst', 'Account executive'],
  Risk: ['Risk analyst', 'Fraud investigator'],
  Technology: ['Software engineer', 'Database administrator', 'Data engineer', 'Site reliability engineer'],
  Operations: ['Payments officer', 'Back-office officer'],
  People: ['Recruiter', 'Payroll officer'],
}

/** Employee 1 is the chief executive, the next ten are directors, all others report to a director. */
function employee(draw: Draw, id: number, year: number) {
  const { full, email } = personName(draw, id, 'bank.example')
  const [department, positions] = id === 1 ? ['Management', ['Chief executive']] : draw.item(Object.entries(departments))
  const rank = rankOf(id)
  const position = draw.item(positions)
  const monthly = Math.round((rank.base * (0.8 + draw.unit() * 0.7)) / 10) * 10
  return {
    id,
    employee_name: full,
    email,
    national_id: fin(draw),
    department,
    position: rank.title ?? position,
    monthly_salary: monthly,
    yearly_bonus: Math.round((monthly * draw.unit() * rank.bonusMonths) / 10) * 10,
    hired_on: draw.day(year - 12, year - 1),
    manager_id: rank.reportsTo(draw),
  }
}

function rankOf(id: number): { base: number; bonusMonths: number; title?: string; reportsTo(draw: Draw): number | undefined } {
  if (id === 1) return { base: 14_000, bonusMonths: 6, reportsTo: () => undefined }
  if (id <= 11) return { base: 6_500, bonusMonths: 4, title: 'Director', reportsTo: () => 1 }
  return { base: 2_000, bonusMonths: 2, reportsTo: (draw) => draw.int(2, 11) }
}

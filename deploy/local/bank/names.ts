import type { Draw } from './draw.ts'

interface Names {
  women: string[]
  men: string[]
  families: { hers: string; his: string }[]
}

const words = (text: string) => text.split(' ')
/** Family names with a form for women and one for men, such as `Məmmədov/a`. */
const pairs = (text: string, womens: (name: string) => string) => words(text).map((name) => ({ hers: womens(name), his: name }))
const withA = (name: string) => (/(ov|ev|in|yn)$/.test(name) ? `${name}a` : name)
const same = (name: string) => name

type Language = 'az' | 'ru' | 'tr' | 'en'

const languages: Record<Language, Names> = {
  az: {
    women: words(
      'Aygün Günel Leyla Nigar Sevinc Aysel Fidan Könül Lalə Nərmin Pərvanə Rəna Səbinə Təranə Ülviyyə Vüsalə Zəhra Aynur Gülnar Xədicə',
    ),
    men: words('Elçin Rəşad Orxan Tural Vüqar Əli Fərid Kamran Məhəmməd Nicat Pərviz Ramin Samir Teymur Ülvi Zaur Anar Cavid Emin İlqar'),
    families: pairs(
      'Məmmədov Əliyev Həsənov Hüseynov Quliyev İbrahimov Rəhimov Abbasov Babayev Cəfərov Kərimov Nəbiyev Orucov Rzayev Səfərov Vəliyev Zeynalov Qasımov',
      withA,
    ),
  },
  ru: {
    women: words('Анна Екатерина Ольга Мария Наталья Светлана Татьяна Ирина Юлия Дарья'),
    men: words('Алексей Дмитрий Сергей Андрей Иван Михаил Николай Павел Виктор Олег'),
    families: pairs('Иванов Смирнов Кузнецов Попов Соколов Лебедев Новиков Морозов Волков Зайцев', (name) => `${name}а`),
  },
  tr: {
    women: words('Ayşe Elif Zeynep Fatma Merve Büşra Esra Derya Gizem Selin'),
    men: words('Mehmet Mustafa Emre Burak Kerem Hakan Murat Serkan Onur Yusuf'),
    families: pairs('Yılmaz Kaya Demir Çelik Şahin Yıldız Aydın Öztürk Arslan Koç', same),
  },
  en: {
    women: words('Emma Olivia Grace Charlotte Hannah Lucy Sophie Eleanor'),
    men: words('James Oliver Thomas William Henry Jack Daniel Samuel'),
    families: pairs('Smith Taylor Brown Wilson Walker Hughes Bennett Clarke Foster Reed', same),
  },
}

export interface PersonName {
  full: string
  language: Language
  email: string
}

/**
 * A name and an e-mail address made from it. `number` makes the
 * address unique; its domain is reserved for examples (RFC 2606).
 */
export function personName(draw: Draw, number: number, domain?: string): PersonName {
  const language = draw.unit() < 0.68 ? 'az' : draw.item<Language>(['ru', 'ru', 'ru', 'tr', 'tr', 'en'])
  const { women, men, families } = languages[language]
  const isWoman = draw.unit() < 0.5
  const first = draw.item(isWoman ? women : men)
  const { hers, his } = draw.item(families)
  const family = isWoman ? hers : his
  const local = `${latin(first)}.${latin(family)}${number}`
  return {
    full: `${first} ${family}`,
    language,
    email: `${local}@${domain ?? draw.item(['example.com', 'example.org', 'mail.example', 'post.example'])}`,
  }
}

const cyrillic: Record<string, string> = Object.fromEntries(
  'а:a б:b в:v г:g д:d е:e ё:e ж:zh з:z и:i й:y к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:kh ц:ts ч:ch ш:sh щ:shch ы:y э:e ю:yu я:ya ь: ъ:'
    .split(' ')
    .map((pair) => pair.split(':')),
)
const others: Record<string, string> = { ə: 'a', ı: 'i', ğ: 'g', ş: 's', ç: 'c', ö: 'o', ü: 'u' }

function latin(name: string): string {
  const plain = Array.from(name.toLowerCase(), (character) => cyrillic[character] ?? others[character] ?? character).join('')
  return plain.normalize('NFD').replace(/[^a-z]/g, '')
}

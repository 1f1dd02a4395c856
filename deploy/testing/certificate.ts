import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const [sequenceTag, setTag, integerTag, bitStringTag, octetStringTag, oidTag, utf8Tag, timeTag] = [
  0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x0c, 0x18,
]

/** ASN.1 in DER: a tag, the length, the content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body])
}

const oid = (hex: string) => der(oidTag, Buffer.from(hex, 'hex'))
const ecdsaWithSha256 = der(sequenceTag, oid('2a8648ce3d040302'))
const commonName = oid('550403')
const subjectAltName = oid('551d11')

/** `YYYYMMDDHHMMSSZ`. */
const time = (ms: number) => der(timeTag, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)}Z`))

/**
 * A key and a certificate that signs itself, for a server of a test at 127.0.0.1,
 * good for a day (RFC 5280). Whoever trusts the certificate trusts this server alone.
 */
export function selfSigned(): { key: string; certificate: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = der(
    sequenceTag,
    der(setTag, der(sequenceTag, commonName, der(utf8Tag, Buffer.from(`bir test ${randomBytes(4).toString('hex')}`)))),
  )
  const loopback = der(0x87, Buffer.from([127, 0, 0, 1]))
  const extensions = der(0xa3, der(sequenceTag, der(sequenceTag, subjectAltName, der(octetStringTag, der(sequenceTag, loopback)))))
  const version3 = der(0xa0, der(integerTag, Buffer.from([2])))
  const serial = der(integerTag, Buffer.concat([Buffer.from([1]), randomBytes(8)]))
  const now = Date.now()
  const validity = der(sequenceTag, time(now - 3_600_000), time(now + 86_400_000))
  const keyInfo = publicKey.export({ type: 'spki', format: 'der' })
  const body = der(sequenceTag, version3, serial, ecdsaWithSha256, name, validity, name, keyInfo, extensions)
  const signature = der(bitStringTag, Buffer.from([0]), sign('sha256', body, privateKey))
  const certificate = der(sequenceTag, body, ecdsaWithSha256, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  }
}

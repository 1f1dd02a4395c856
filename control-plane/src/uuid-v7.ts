export { uuidv7 as uuidV7 } from '@bir/sdk/contract/uuid'

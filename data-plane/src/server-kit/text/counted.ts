/** A number and its noun: `1 project`, `2 projects`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

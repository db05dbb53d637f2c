// Holds requests, and answers that a test gives, against GitHub's description of its API.
//
// usage: judge.mjs FOLDER    reads {"requests": [{method, path, body?}], "answers": [{method, path, status, body}]} from standard input,
//                            prints what is wrong, one a line; ends with 1 where something is
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const folder = process.argv[2]
const require = createRequire(path.join(folder, 'package.json'))
const Ajv = require('ajv').default
const description = JSON.parse(fs.readFileSync(path.join(folder, 'api.json'), 'utf8'))

// A member that the description does not have is a mistake of ours in a request; of an answer the test's host gives a part.
function schema (value, strict) {
  if (Array.isArray(value)) return value.map((one) => schema(one, strict))
  if (value === null || typeof value !== 'object') return value
  if (value.$ref) return schema(value.$ref.slice(2).split('/').reduce((at, name) => at[name], description), strict)
  const out = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, schema(inner, strict)]))
  if (out.nullable) {
    delete out.nullable
    return { anyOf: [out, { type: 'null' }] }
  }
  if (out.properties && strict) out.additionalProperties = false
  return out
}

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
const wrong = []

function operation (method, address) {
  const [plain, query] = address.split('?')
  for (const [template, item] of Object.entries(description.paths)) {
    const names = []
    const pattern = template.replace(/[.]/g, '\\.').replace(/\{(\w+)\}/g, (_, name) => { names.push(name); return '([^/]+)' })
    const match = plain.match(new RegExp(`^${pattern}$`))
    const found = match && item[method.toLowerCase()]
    if (!found) continue
    const parameters = (found.parameters ?? []).map((one) => schema(one, false))
    const check = (place, name, text) => {
      const parameter = parameters.find((one) => one.in === place && one.name === name)
      if (!parameter) return wrong.push(`${method} ${address}: no parameter ${name} in the ${place}`)
      const value = parameter.schema.type === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text
      if (!ajv.validate(parameter.schema, value)) wrong.push(`${method} ${address}: ${name}: ${ajv.errorsText()}`)
    }
    names.forEach((name, at) => check('path', name, decodeURIComponent(match[at + 1])))
    for (const [name, value] of new URLSearchParams(query ?? '')) check('query', name, value)
    return found
  }
  wrong.push(`${method} ${address}: the description has no such request`)
}

function hold (what, body, content, strict) {
  const form = content?.['application/json']?.schema
  if (body === undefined || body === null) return
  if (!form) return wrong.push(`${what}: the description has no body there`)
  if (!ajv.validate(schema(form, strict), body)) wrong.push(`${what}: ${ajv.errorsText()}`)
}

const { requests = [], answers = [] } = JSON.parse(fs.readFileSync(0, 'utf8'))
for (const { method, path: address, body } of requests) {
  const found = operation(method, address)
  if (found) hold(`${method} ${address}`, body, found.requestBody?.content, true)
}
for (const { method, path: address, status, body } of answers) {
  const found = operation(method, address)
  const said = found && schema(found.responses[status] ?? null, false)
  if (found && !said) wrong.push(`${method} ${address}: the description has no answer ${status}`)
  // Of what an answer has, a test's host gives the part that is read: what it gives has to be right.
  if (said) hold(`${method} ${address}: ${status}`, body, partial(said.content), false)
}
function partial (value) {
  if (Array.isArray(value)) return value.map(partial)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).filter(([key, inner]) => !(key === 'required' && Array.isArray(inner))).map(([key, inner]) => [key, partial(inner)]))
}
wrong.forEach((line) => console.log(line))
process.exitCode = wrong.length ? 1 : 0

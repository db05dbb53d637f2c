// Takes the parts of GitHub's description of its API that are asked here, with all that they refer to.
//
// usage: cut.mjs DESCRIPTION OUT
import fs from 'node:fs'

const [from, to] = process.argv.slice(2)
const PATHS = ['/repos/{owner}/{repo}/pulls/{pull_number}', '/repos/{owner}/{repo}/pulls/{pull_number}/reviews']

const all = JSON.parse(fs.readFileSync(from, 'utf8'))
const out = { openapi: all.openapi, info: all.info, paths: {}, components: {} }
const seen = new Set()

function follow (value) {
  if (Array.isArray(value)) return value.forEach(follow)
  if (value === null || typeof value !== 'object') return
  if (typeof value.$ref === 'string' && !seen.has(value.$ref)) {
    seen.add(value.$ref)
    const [kind, name] = value.$ref.replace('#/components/', '').split('/')
    out.components[kind] ??= {}
    out.components[kind][name] = all.components[kind][name]
    follow(out.components[kind][name])
  }
  Object.entries(value).forEach(([key, inner]) => { if (key !== 'examples') follow(inner) })
}

for (const path of PATHS) {
  if (!all.paths[path]) throw new Error(`the description has no ${path}`)
  const { get, post } = all.paths[path]
  out.paths[path] = { ...(get && { get }), ...(post && { post }) }
  follow(out.paths[path])
}
const small = (key, value) => (key === 'examples' || key === 'example' || key === 'description' && typeof value === 'string' ? undefined : value)
fs.writeFileSync(to, JSON.stringify(out, small))

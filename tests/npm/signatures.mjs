// A registry whose packages are signed well, badly or not at all, an install from it, and what npm's own library makes of the
// signatures from npm's cache alone.
//
// usage: signatures.mjs fill FOLDER    writes FOLDER/workspace, FOLDER/npm-cache and FOLDER/keys.json
//        signatures.mjs judge FOLDER   prints by package: verified, missing, invalid or absent
import { execFileSync, spawn } from 'node:child_process'
import crypto from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'

const [mode, folder] = process.argv.slice(2)
const npm = fs.realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())
const require = createRequire(npm)
const [workspace, cache] = [path.join(folder, 'workspace'), path.join(folder, 'npm-cache')]

const NAMES = ['good', '@scope/good', 'unsigned', 'forged', 'foreign', 'expired', 'early', 'twice', 'other-version']

function key (expires) {
  const pair = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const der = pair.publicKey.export({ type: 'spki', format: 'der' })
  const keyid = 'SHA256:' + crypto.createHash('sha256').update(der).digest('base64').replace(/=+$/, '')
  const told = { expires, keyid, keytype: 'ecdsa-sha2-nistp256', scheme: 'ecdsa-sha2-nistp256', key: der.toString('base64') }
  return { told, sign: (text) => ({ keyid, sig: crypto.createSign('SHA256').update(text).sign(pair.privateKey, 'base64') }) }
}

async function fill () {
  const tar = require('tar')
  const [now, old, strange] = [key(null), key('2020-01-01T00:00:00.000Z'), key(null)]
  const tarballs = new Map()
  const answers = new Map([['/-/npm/v1/keys', { keys: [now.told, old.told] }]])
  const server = http.createServer((request, response) => {
    const tarball = tarballs.get(request.url)
    const answer = answers.get(decodeURIComponent(request.url))
    if (tarball) return response.end(tarball)
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json', etag: '"1"' })
    response.end(JSON.stringify(answer ?? {}))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const registry = `http://127.0.0.1:${server.address().port}`
  for (const name of NAMES) {
    const source = path.join(folder, 'source')
    fs.rmSync(source, { recursive: true, force: true })
    fs.mkdirSync(path.join(source, 'package'), { recursive: true })
    fs.writeFileSync(path.join(source, 'package/package.json'), JSON.stringify({ name, version: '1.0.0' }))
    tar.create({ gzip: true, cwd: source, file: path.join(source, 'a.tgz'), sync: true }, ['package'])
    const bytes = fs.readFileSync(path.join(source, 'a.tgz'))
    const integrity = 'sha512-' + crypto.createHash('sha512').update(bytes).digest('base64')
    const message = `${name}@1.0.0:${integrity}`
    const signatures = {
      unsigned: undefined,
      forged: [now.sign(`${name}@1.0.0:sha512-another`)],
      foreign: [strange.sign(message)],
      expired: [old.sign(message)],
      early: [old.sign(message)],
      twice: [now.sign(message), now.sign(`another${message}`)],
      'other-version': [now.sign(`${name}@1.0.1:${integrity}`)]
    }
    const plain = name.split('/').pop()
    const place = `/${name}/-/${plain}-1.0.0.tgz`
    tarballs.set(place, bytes)
    const dist = { integrity, tarball: registry + place, signatures: name in signatures ? signatures[name] : [now.sign(message)] }
    const time = { '1.0.0': name === 'early' ? '2019-01-01T00:00:00.000Z' : '2024-01-01T00:00:00.000Z' }
    const versions = { '1.0.0': { name, version: '1.0.0', dist } }
    answers.set(`/${name}`, { name, 'dist-tags': { latest: '1.0.0' }, versions, time })
  }
  fs.mkdirSync(workspace, { recursive: true })
  const dependencies = Object.fromEntries(NAMES.map((name) => [name, '1.0.0']))
  fs.writeFileSync(path.join(workspace, 'package.json'), JSON.stringify({ name: 'signed', version: '1.0.0', dependencies }))
  fs.writeFileSync(path.join(workspace, '.npmrc'), `registry=${registry}/\nomit-lockfile-registry-resolved=false\n`)
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--ignore-scripts', '--loglevel=error', '--cache', cache]
  const install = spawn(process.execPath, [npm, 'install', ...quiet], { cwd: workspace, stdio: 'inherit' })
  const code = await new Promise((resolve) => install.on('exit', resolve))
  await require('npm-registry-fetch').json('/-/npm/v1/keys', { registry, cache: path.join(cache, '_cacache') })
  fs.writeFileSync(path.join(folder, 'keys.json'), JSON.stringify({ registry, keys: [now, old].map((one) => one.told.key) }))
  server.close()
  process.exitCode = code
}

async function judge () {
  const { registry } = JSON.parse(fs.readFileSync(path.join(folder, 'keys.json')))
  const own = { registry: registry + '/', cache: path.join(cache, '_cacache'), offline: true }
  const { keys } = await require('npm-registry-fetch').json('/-/npm/v1/keys', own)
  const pem = (one) => ({ ...one, pemkey: `-----BEGIN PUBLIC KEY-----\n${one.key}\n-----END PUBLIC KEY-----` })
  const said = {}
  for (const name of NAMES) {
    const options = { ...own, verifySignatures: true, [`${registry.replace(/^http:/, '')}/:_keys`]: keys.map(pem) }
    try {
      const found = await require('pacote').manifest(`${name}@1.0.0`, options)
      said[name] = found._signatures?.length ? 'verified' : 'missing'
    } catch (error) {
      said[name] = /SIGNATURE/.test(error.code) ? 'invalid' : error.code === 'ENOTCACHED' ? 'absent' : `${error.code} ${error.message}`
    }
  }
  console.log(JSON.stringify(said))
}

await (mode === 'fill' ? fill() : judge())

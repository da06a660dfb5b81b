import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { bundledPackages } from '../package/host-folder.mjs'
import { sha256 } from '../payload/tar-archive.mjs'
import { runChild } from './child.mjs'

/**
 * The bill of materials, as CycloneDX: the packages that are needed at run time, those whose code is inside the bundles, Electron, and what the payloads hold.
 * npm reads it from package-lock.json, so it is the same on every platform; what npm puts in of the moment and the folder is replaced.
 *
 * @param {import('./make-release.mjs').Release} release
 */
export async function writeSbom({ folder, version, epochSeconds, payloads, signal }) {
  const words = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'application']
  const env = { ...process.env, NODE_ENV: '' } // with `production`, which building the page sets, npm leaves out what development needs too
  const told = JSON.parse(await runChild('npm', words, { signal, env }))
  const shipped = new Set([...bundledPackages(), 'electron'])
  const components = told.components.filter((component) => !isForDevelopment(component) || shipped.has(nameOf(component)))
  const bill = {
    ...told,
    metadata: {
      ...told.metadata,
      timestamp: new Date(epochSeconds * 1000).toISOString(),
      component: { ...told.metadata.component, name: 'shoal', 'bom-ref': `shoal@${version}` },
    },
    components: [...components.map(asShipped), ...payloads.map(payloadComponent)],
    dependencies: dependenciesAmong(told, components),
  }
  const { serialNumber: _, ...rest } = bill
  const whole = { ...rest, serialNumber: `urn:uuid:${uuidOf(JSON.stringify(rest))}` }
  writeFileSync(join(folder, `shoal-${version}.cdx.json`), `${JSON.stringify(whole, null, 2)}\n`)
}

const development = 'cdx:npm:package:development'
const isForDevelopment = ({ properties = [] }) => properties.some(({ name }) => name === development)
const nameOf = (component) => (component.group === undefined ? component.name : `${component.group}/${component.name}`)

/** What is bundled is needed only to build, and yet part of what we give. */
function asShipped(component) {
  if (!isForDevelopment(component)) return component
  const properties = component.properties.filter(({ name }) => name !== development)
  return { ...component, scope: 'required', properties: [...properties, { name: 'shoal:bundled', value: 'true' }] }
}

function dependenciesAmong(told, components) {
  const kept = new Set([...components, told.metadata.component].map((component) => component['bom-ref']))
  return told.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }))
}

/** An archive for machines, the packages inside, and every file with its checksum. */
function payloadComponent({ path, record, packages, files }) {
  const name = basename(path)
  return {
    'bom-ref': name,
    type: 'application',
    name,
    hashes: [{ alg: 'SHA-256', content: record.sha256 }],
    components: [
      ...packages.map((each) => ({ 'bom-ref': `${name}#${each.name}`, type: 'library', name: each.name, version: each.version })),
      ...files.map((file) => ({
        'bom-ref': `${name}/${file.path}`,
        type: 'file',
        name: file.path,
        hashes: [{ alg: 'SHA-256', content: sha256(file.content) }],
      })),
    ],
  }
}

/** A name for the content, in the form that CycloneDX asks for. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}

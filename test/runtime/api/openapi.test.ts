import { expect, test } from 'vitest'
import { openApiDocument } from '#runtime/api/openapi.ts'
import { allRoutes } from '#runtime/api/routes/all-routes.ts'
import { errorCodes } from '#runtime/base/errors.ts'
import { statusOfCode } from '#runtime/api/errors.ts'
import { createApp } from '#runtime/head/http/app.ts'
import { someParts } from '../head/http/in-process.ts'

type Operation = {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly responses: Record<string, { readonly description: string }>
}

const document = openApiDocument(allRoutes, '0.1.0')
const paths = document['paths'] as Record<string, Record<string, Operation>> // made just above
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

test('the document has every route that the head mounts, and none besides', async () => {
  const { parts, tokens } = await someParts()
  const mounted = createApp(parts, tokens)
    .routes.filter(({ method }) => method !== 'ALL') // middleware
    .map(({ method, path }) => `${method} ${path.replace(/:([A-Za-z_]+)(?:\{[^}]*\})?/g, '{$1}')}`)
  const told = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`)
  expect([...new Set(mounted)].sort()).toEqual([...told].sort())
})

test('the document is OpenAPI 3.1: ids are unique, parameters of the path are told, references lead somewhere', () => {
  expect(document['openapi']).toBe('3.1.0')
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
  for (const { path, operation } of operations) {
    const inPath = operation.parameters.filter((each) => each.in === 'path').map(({ name }) => name)
    expect(inPath).toEqual([...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name))
    expect(Object.keys(operation.responses).length).toBeGreaterThan(0)
    for (const [status, { description }] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^[1-5]\d\d$/)
      expect([path, description]).not.toEqual([path, ''])
    }
  }
  const text = JSON.stringify(document)
  for (const [, target = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
    expect((document['components'] as { schemas: object }).schemas).toHaveProperty(target)
  }
  const inside = [...text.matchAll(/"\$ref":"([^"]+)"/g)]
    .map(([, target = '']) => target)
    .filter((target) => !target.startsWith('#/components/schemas/'))
  expect(inside).toEqual([]) // none that leads into a schema's own insides
})

test('every error code has one status', () => {
  expect(Object.keys(statusOfCode).sort()).toEqual(Object.keys(errorCodes).sort())
  for (const status of Object.values(statusOfCode)) expect(status).toBeGreaterThanOrEqual(400)
})

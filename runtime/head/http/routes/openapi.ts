import { openApiPath } from '../../../api/openapi-path.ts'
import type { HeadApp, HttpParts } from '../parts.ts'

/** The document is made when it is first asked for: turning all schemas over takes a moment. */
export function openApiRoutes(app: HeadApp, { version }: HttpParts): void {
  let document: Promise<string> | undefined
  app.get(openApiPath, async (context) => {
    document ??= makeDocument(version)
    return context.body(await document, 200, { 'content-type': 'application/json; charset=utf-8' })
  })
}

async function makeDocument(version: string): Promise<string> {
  const [{ openApiDocument }, { allRoutes }] = await Promise.all([
    import('../../../api/openapi.ts'),
    import('../../../api/routes/all-routes.ts'),
  ])
  return JSON.stringify(openApiDocument(allRoutes, version))
}

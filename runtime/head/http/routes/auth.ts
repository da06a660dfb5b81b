import { ClusterError } from '../../../base/errors.ts'
import { bearer, tokenCookie, type TokenCheck } from '../authenticate.ts'
import type { HeadApp } from '../parts.ts'

const cookieSeconds = 30 * 86_400

/** How a browser gets in: it shows the token once, and has it as a cookie that scripts cannot read. Both paths need no token. */
export function authRoutes(app: HeadApp, tokens: TokenCheck): void {
  app.get('/api/authentication_mode', (context) => context.json({ authentication_mode: 'token' }))
  app.post('/api/authenticate', (context) => {
    const header = context.req.header('authorization')
    if (header === undefined) throw new ClusterError('auth.missing', 'Unauthorized: Missing authentication token')
    const carried = bearer(header)
    if (carried.kind !== 'token' || tokens.accessOf(carried.token) === undefined) {
      throw new ClusterError('auth.refused', 'Forbidden: Invalid authentication token')
    }
    const cookie = `${tokenCookie}=${carried.token}; Max-Age=${cookieSeconds}; Path=/; HttpOnly; SameSite=Strict`
    return context.json({ status: 'authenticated', message: 'Token is valid' }, 200, { 'set-cookie': cookie })
  })
}

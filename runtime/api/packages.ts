import * as z from 'zod'

/** Where uploaded packages are: `gcs` is the one protocol there is, after Ray's. */
export const packagePath = (name: string): string => `/api/packages/gcs/${name}`

/** What a head takes of one, unless it was started with another `maxPackageBytes`. */
export const maxPackageBytes = 512 * 1024 * 1024

/** A package is content addressed: `_ray_pkg_<hash>.zip`, or the file name of a wheel. */
export const PackagePath = z.object({
  protocol: z.literal('gcs', 'must be gcs: packages are kept by this head, and nowhere else'),
  name: z
    .string()
    .regex(
      /^(?!\.)[A-Za-z0-9_.+=,@-]{1,255}$/,
      'must be a file name of 1 to 255 of the characters A-Z a-z 0-9 _ . + = , @ - and not begin with a dot',
    ),
})

import { createDesktopUser, seeLive, whyNoDesktop } from '#test/support/desktop.ts'
import { tellWholeStory } from '../e2e/whole-story.ts'

tellWholeStory({
  title: 'a cluster from its first host to its last, in a window of the desktop app',
  missing: whyNoDesktop(),
  async open() {
    const user = await createDesktopUser()
    const complaints: string[] = []
    const { electron, page, quit, closed } = await user.start()
    page.on('pageerror', (error) => complaints.push(`${error.message}\n${error.stack ?? ''}`))
    await seeLive(page)
    let isOpen = true
    electron.once('close', () => (isOpen = false))
    return {
      page,
      home: user.home,
      complaints: () => complaints,
      end: () => (isOpen ? quit() : closed),
      dispose: () => user.dispose(),
    }
  },
})

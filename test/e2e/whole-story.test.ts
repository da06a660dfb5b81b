import { openPanelWorld, whyNoBrowser } from '#test/support/browser/browser.ts'
import { tellWholeStory } from './whole-story.ts'

tellWholeStory({
  title: 'a cluster from its first host to its last, in a browser',
  missing: whyNoBrowser(),
  async open() {
    const world = await openPanelWorld()
    return {
      page: await world.open(),
      home: world.home,
      complaints: () => world.complaints,
      end: async () => {
        await world.browser.close()
        await world.panel.end('SIGINT')
      },
      dispose: () => world.dispose(),
    }
  },
})

// Draws the application into the page that the server has begun.
import { render } from 'preact'

import { App } from './app'
import { rememberReturn } from './return_to'
import { place } from './shell'
import './style.css'

rememberReturn()
place.replaceChildren()
render(<App />, place)

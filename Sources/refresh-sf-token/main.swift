import Orders

TokenRefresh.run()

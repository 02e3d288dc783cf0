import Orders

Webhook.run()

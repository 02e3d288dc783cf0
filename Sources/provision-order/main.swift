import Orders

provisionOrder()

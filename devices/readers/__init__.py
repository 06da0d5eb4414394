"""Fixed and hand-held barcode readers: Cognex DMCC, Keyence SR, anything that ends its reads with CR LF or STX ETX, and keyboard wedges.

Gives texts as they were read; never knows what a mark means and never corrects one.
"""

# Writes a large preprocessed C file: N functions that a compiler has to think about.
BEGIN {
	print "# 1 \"big.c\""
	print "typedef unsigned long u; extern u sink(u); struct node { struct node *next; u key[4]; double d; };"
	for (n = 0; n < N; n++) {
		printf "# %d \"big.c\"\n", n * 20 + 3
		printf "static u table%d[] = { %d, %d, %d, %d };\n", n, n * 7, n * 13 % 101, n % 17, n
		printf "u f%d(struct node *p, u a, double x)\n{\n\tu s = a * %d, t[16];\n", n, n + 3
		printf "\tfor (u i = 0; i < 16; i++) t[i] = (a >> (i %% 7)) ^ table%d[i %% 4] * (i + %d);\n", n, n
		printf "\twhile (p) {\n\t\tfor (int j = 0; j < 4; j++) {\n"
		printf "\t\t\tif (p->key[j] %% %d == j) s += t[(s + j) %% 16]; else s ^= p->key[3 - j] << %d;\n", n % 29 + 2, n % 13
		printf "\t\t\tx = x * %d.5 + (double) s; p->d += x / (1.0 + j);\n\t\t}\n", n
		printf "\t\tswitch (s %% 6) {\n\t\tcase 0: s += sink(s); break;\n\t\tcase 1: s -= t[3]; break;\n"
		printf "\t\tcase 2: p->key[1] = s; break;\n\t\tcase 4: x = -x; break;\n\t\tdefault: s = s * 31 + %d; }\n", n
		printf "\t\tp = p->next;\n\t}\n\treturn s + (u) x%s;\n}\n", n ? sprintf(" + f%d((struct node *) 0, s, x)", n - 1) : ""
	}
}

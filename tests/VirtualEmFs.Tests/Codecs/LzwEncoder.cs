namespace VirtualEmFs.Tests.Codecs;

/// <summary>A plain LZW encoder as TIFF 6.0 describes it, in both orders of bits.</summary>
internal static class LzwEncoder
{
    public static byte[] Encode(ReadOnlySpan<byte> samples, bool isOldOrder)
    {
        var bits = new List<bool>();
        var codes = new Dictionary<(int Prefix, byte Next), int>();
        int width = 9, prefix = -1;
        Put(256);
        foreach (byte sample in samples)
        {
            if (prefix < 0)
            {
                prefix = sample;
                continue;
            }

            if (codes.TryGetValue((prefix, sample), out int longer))
            {
                prefix = longer;
                continue;
            }

            Put(prefix);
            codes.Add((prefix, sample), 258 + codes.Count);
            int next = 258 + codes.Count;
            prefix = sample;
            if (next == 4094)
            {
                Put(256);
                codes.Clear();
                width = 9;
            }
            else if (next == (1 << width) - (isOldOrder ? 0 : 1) + 1)
            {
                width++;
            }
        }

        if (prefix >= 0)
        {
            Put(prefix);
            if (258 + codes.Count == (1 << width) - (isOldOrder ? 0 : 1))
            {
                width++;
            }
        }

        Put(257);
        byte[] stored = new byte[(bits.Count + 7) / 8];
        for (int i = 0; i < bits.Count; i++)
        {
            int place = isOldOrder ? i % 8 : 7 - (i % 8);
            stored[i / 8] |= (byte)(bits[i] ? 1 << place : 0);
        }

        return stored;

        void Put(int code)
        {
            for (int i = 0; i < width; i++)
            {
                bits.Add(((code >> (isOldOrder ? i : width - 1 - i)) & 1) != 0);
            }
        }
    }
}

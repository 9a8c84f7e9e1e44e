using VirtualEmFs.Codecs.Deflating;
using Xunit;

namespace VirtualEmFs.Tests.Codecs.Deflating;

public sealed class CodeLengthsTests
{
    /// <summary>Fibonacci counts make the longest Huffman codes there are: 30 symbols would need 29 bits.</summary>
    [Theory]
    [InlineData(7)]
    [InlineData(13)]
    [InlineData(15)]
    public void Build_FibonacciCounts_IsCompleteAndKeepsTheLimit(int limit)
    {
        var counts = new uint[30];
        (counts[0], counts[1]) = (1, 1);
        for (int i = 2; i < counts.Length; i++)
        {
            counts[i] = counts[i - 1] + counts[i - 2];
        }

        byte[] lengths = Build(counts, limit);

        Assert.Equal(limit, lengths.Max());
        Assert.Equal(1.0, lengths.Sum(length => Math.Pow(2, -length)));
    }

    /// <summary>Against exhaustive search: no complete code of the limit is cheaper.</summary>
    [Fact]
    public void Build_SmallAlphabets_IsOptimal()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 200; trial++)
        {
            var counts = new uint[random.Next(2, 8)];
            foreach (ref uint count in counts.AsSpan())
            {
                count = (uint)Math.Pow(10, 4 * random.NextDouble());
            }

            const int Limit = 4;
            byte[] lengths = Build(counts, Limit);
            long cost = counts.Zip(lengths, (count, length) => (long)count * length).Sum();
            Assert.Equal(CheapestCost(counts.OrderDescending().ToArray(), 0, 1, 1.0, Limit), cost);
        }
    }

    [Fact]
    public void Build_OneSymbol_GetsOneBit() => Assert.Equal([0, 1, 0], Build([0, 9, 0], 13));

    [Fact]
    public void Build_AllEqual_GivesEqualLengths() => Assert.All(Build([.. Enumerable.Repeat(5u, 256)], 13), length => Assert.Equal(8, length));

    /// <summary>Descending counts take ascending lengths; what is left of Kraft's sum must come out at 0.</summary>
    private static long CheapestCost(uint[] counts, int symbol, int shortest, double left, int limit)
    {
        if (symbol == counts.Length)
        {
            return left == 0 ? 0 : long.MaxValue / 2;
        }

        long best = long.MaxValue / 2;
        for (int length = shortest; length <= limit; length++)
        {
            if (Math.Pow(2, -length) <= left)
            {
                best = Math.Min(best, (counts[symbol] * (long)length) + CheapestCost(counts, symbol + 1, length, left - Math.Pow(2, -length), limit));
            }
        }

        return best;
    }

    private static byte[] Build(uint[] counts, int limit)
    {
        var lengths = new byte[counts.Length];
        CodeLengths.Build(counts, limit, lengths);
        return lengths;
    }
}

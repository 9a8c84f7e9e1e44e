using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace VirtualEmFs.Codecs.Inflating;

/// <summary>
/// The loops that do nearly all of the work, over one lane or two.
/// </summary>
/// <remarks>
/// Decoding is one long chain: which bits a symbol has is known only when the one before is. A processor that could do four times
/// as much waits for the table look-ups of that chain, so two streams go through it side by side. In noise, literals and short
/// matches follow one another at random, and a branch on which of them comes next is guessed wrong a quarter of the time; the mixed
/// loop therefore treats both alike: it copies eight from the stream's past or from a table of all and
/// moves on by as many as count.
/// </remarks>
internal static unsafe class InflateLoops
{
    // Compiled once, at full optimization: recompiled with a profile, the loops come out a third slower (InflateBench: 100
    // microseconds for a chunk instead of 67), and the first pieces of a mount need no warming up.
    private const MethodImplOptions Once = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;

    private const uint LiteralMask = (1 << InflateTables.LiteralBits) - 1;
    private const uint DistanceMask = (1 << InflateTables.DistanceBits) - 1;

    // A round of the mixed loop takes at most 11 + 28 bits and writes 9 bytes; one of the loop of literals takes five
    // codes of 11 bits and writes five pairs. Loads are of eight and a buffer may hold seven more.
    private const int MixedSourceBytes = 5;
    private const int MixedTargetBytes = 9;
    private const int LiteralsSourceBytes = 7;
    private const int LiteralsTargetBytes = 10;
    private const int SourceMarginBytes = 16;
    private const int TargetMarginBytes = 8;

    /// <summary>True where the processor has the bit operations that the loops are made of.</summary>
    public static bool IsSupported => Bmi2.X64.IsSupported;

    /// <summary>Rounds that a lane can do without looking at the ends of its buffers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long RoundsOf(in InflateLane lane)
    {
        unchecked
        {
            if (lane.State == LaneState.Stepping)
            {
                return 0;
            }

            bool isMixed = lane.State != LaneState.Literals;
            long bySource = (lane.SourceEnd - lane.Source - SourceMarginBytes) / (isMixed ? MixedSourceBytes : LiteralsSourceBytes);
            long byTarget = (lane.TargetEnd - lane.Target - TargetMarginBytes) / (isMixed ? MixedTargetBytes : LiteralsTargetBytes);
            return Math.Min(bySource, byTarget);
        }
    }

    /// <summary>Runs two lanes in blocks of one kind.</summary>
    /// <returns>0 when all rounds are done, 1 or 2 when that lane needs a step.</returns>
    [MethodImpl(Once)]
    public static int Run<TRound>(InflateLane* first, InflateLane* second, long rounds)
        where TRound : struct, IRound
    {
        unchecked
        {
            (ulong bits1, ulong bits2) = (first->Bits, second->Bits);
            (nuint count1, nuint count2) = ((nuint)first->BitCount, (nuint)second->BitCount);
            byte* source1 = first->Source;
            byte* source2 = second->Source;
            byte* target1 = first->Target;
            byte* target2 = second->Target;
            int stopped = 0;
            for (; rounds > 0; rounds--)
            {
                if (!TRound.Try(first, ref bits1, ref count1, ref source1, ref target1))
                {
                    stopped = 1;
                    break;
                }

                if (!TRound.Try(second, ref bits2, ref count2, ref source2, ref target2))
                {
                    stopped = 2;
                    break;
                }
            }

            Store(first, bits1, count1, source1, target1);
            Store(second, bits2, count2, source2, target2);
            return stopped;
        }
    }

    /// <summary>Runs one lane in a block of one kind.</summary>
    /// <returns>0 when all rounds are done, 1 when it needs a step.</returns>
    [MethodImpl(Once)]
    public static int Run<TRound>(InflateLane* lane, long rounds)
        where TRound : struct, IRound
    {
        unchecked
        {
            ulong bits = lane->Bits;
            nuint count = (nuint)lane->BitCount;
            byte* source = lane->Source;
            byte* target = lane->Target;
            while (rounds > 0 && TRound.Try(lane, ref bits, ref count, ref source, ref target))
            {
                rounds--;
            }

            Store(lane, bits, count, source, target);
            return rounds > 0 ? 1 : 0;
        }
    }

    private static void Store(InflateLane* lane, ulong bits, nuint count, byte* source, byte* target)
    {
        lane->Bits = bits;
        lane->BitCount = (int)count;
        lane->Source = source;
        lane->Target = target;
    }

    /// <summary>What a loop does in one go, by the kind of block; false when the lane needs a step instead.</summary>
    public interface IRound
    {
        /// <summary>Moves on in a stream whose ends are far enough away for it.</summary>
        static abstract bool Try(InflateLane* lane, ref ulong bits, ref nuint count, ref byte* source, ref byte* target);
    }

    /// <summary>One literal or one match.</summary>
    public readonly struct Mixed : IRound
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Try(InflateLane* lane, ref ulong bits, ref nuint count, ref byte* source, ref byte* target) =>
            TryMixed(lane, isJoined: false, ref bits, ref count, ref source, ref target);
    }

    /// <summary>The same, where literals are joined with the matches behind them.</summary>
    public readonly struct Joined : IRound
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Try(InflateLane* lane, ref ulong bits, ref nuint count, ref byte* source, ref byte* target) =>
            TryMixed(lane, isJoined: true, ref bits, ref count, ref source, ref target);
    }

    /// <summary>Up to ten literals.</summary>
    public readonly struct Literals : IRound
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Try(InflateLane* lane, ref ulong bits, ref nuint count, ref byte* source, ref byte* target) =>
            TryLiterals(lane, ref bits, ref count, ref source, ref target);
    }

    // One literal, one match of up to eight bytes from farther back than that, or, joined, the one behind the other. Changes nothing (but the
    // fill of the buffer) when it is none of these, or when the match reaches before the stream's beginning.
    // SAFETY: the caller's rounds leave eight bytes to load at the source and to store at the target; a match is read
    // from [TargetStart, target), whose last bytes may be overrun by up to seven within the same destination.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryMixed(
        InflateLane* lane, bool isJoined, ref ulong bits, ref nuint count, ref byte* source, ref byte* target)
    {
        unchecked
        {
            // The look-up needs only bits that are there already; the load that adds more is not waited for.
            uint entry = lane->Tables.Literals[(nint)(bits & LiteralMask)];
            bits |= *(ulong*)source << (int)count;
            source += (count ^ 63) >> 3;
            count |= 56;
            if ((int)entry < 0)
            {
                return false;
            }

            ulong afterLiteral = bits >> (int)entry;
            uint distanceEntry = lane->Tables.Distances[(nint)(afterLiteral & DistanceMask)] & (uint)((int)(entry << 1) >> 31);
            if ((int)distanceEntry < 0)
            {
                return false;
            }

            // For a literal the entry is all zeros, and so is the distance.
            ulong distance = (distanceEntry >> 16)
                + (Bmi2.X64.ZeroHighBits(afterLiteral, distanceEntry) >> (int)(distanceEntry >> 8));
            byte* to = isJoined ? target + (byte)(entry >> 16) : target;
            byte* from = to - distance;
            if (from < lane->TargetStart)
            {
                return false;
            }

            // A literal copies itself from where it has just been put; a match, at least nine bytes away, never meets it.
            *(ulong*)target = entry >> 8;
            *(ulong*)to = *(ulong*)from;
            target += (entry >> 24) & 15;
            bits = afterLiteral >> (int)distanceEntry;
            count -= (byte)(entry + distanceEntry);
            return true;
        }
    }

    // Five look-ups of one or two literals each: 55 bits at most, which one fill of the buffer holds. What is no literal
    // has an entry of zero and changes nothing, so that the look-ups behind it find the same: only the last one is looked at.
    // SAFETY: as above; each look-up stores two bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryLiterals(InflateLane* lane, ref ulong bits, ref nuint count, ref byte* source, ref byte* target)
    {
        unchecked
        {
            bits |= *(ulong*)source << (int)count;
            source += (count ^ 63) >> 3;
            count |= 56;

            uint entry = lane->Tables.Literals[(nint)(bits & LiteralMask)];
            uint sum = entry;
            *(ushort*)target = (ushort)(entry >> 8);
            target += entry >> 30;
            bits >>= (int)entry;

            entry = lane->Tables.Literals[(nint)(bits & LiteralMask)];
            sum += entry;
            *(ushort*)target = (ushort)(entry >> 8);
            target += entry >> 30;
            bits >>= (int)entry;

            entry = lane->Tables.Literals[(nint)(bits & LiteralMask)];
            sum += entry;
            *(ushort*)target = (ushort)(entry >> 8);
            target += entry >> 30;
            bits >>= (int)entry;

            entry = lane->Tables.Literals[(nint)(bits & LiteralMask)];
            sum += entry;
            *(ushort*)target = (ushort)(entry >> 8);
            target += entry >> 30;
            bits >>= (int)entry;

            entry = lane->Tables.Literals[(nint)(bits & LiteralMask)];
            sum += entry;
            *(ushort*)target = (ushort)(entry >> 8);
            target += entry >> 30;
            bits >>= (int)entry;

            count -= sum & 63;
            return entry != 0;
        }
    }
}

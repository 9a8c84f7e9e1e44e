using System.Collections.Immutable;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>Whether a dataspace holds one element, an array of them, or none.</summary>
internal enum DataspaceKind
{
    Scalar,
    Simple,
    Null,
}

/// <summary>The dataspace message: the extent of a dataset or attribute (specification IV.A.2.b).</summary>
/// <param name="Dimensions">Slowest first; empty for a scalar.</param>
/// <param name="Limits">How far each dimension may grow; null where there is no limit.</param>
internal sealed record Dataspace(DataspaceKind Kind, ImmutableArray<long> Dimensions, ImmutableArray<long?> Limits)
{
    private const int MaximumRank = 32;

    public static Dataspace Parse(ReadOnlySpan<byte> bytes, FieldSizes sizes)
    {
        var fields = new FieldReader(bytes, sizes, "dataspace");
        int version = fields.Version(1, 2);
        int rank = fields.U8();
        byte flags = fields.U8();
        DataspaceKind kind = rank == 0 ? DataspaceKind.Scalar : DataspaceKind.Simple;
        if (version == 1)
        {
            fields.Skip(5);
        }
        else
        {
            kind = fields.U8() switch
            {
                0 => DataspaceKind.Scalar,
                1 => DataspaceKind.Simple,
                2 => DataspaceKind.Null,
                byte unknown => throw new Hdf5FormatException($"a dataspace is of the unknown kind {unknown}"),
            };
        }

        if (rank > MaximumRank || (kind == DataspaceKind.Scalar && rank != 0))
        {
            throw new Hdf5FormatException($"a dataspace has {rank} dimensions");
        }

        var dimensions = ImmutableArray.CreateBuilder<long>(rank);
        for (int i = 0; i < rank; i++)
        {
            dimensions.Add(fields.Length());
        }

        var limits = ImmutableArray.CreateBuilder<long?>(rank);
        for (int i = 0; i < rank; i++)
        {
            limits.Add((flags & 1) != 0 ? fields.LengthOrUnlimited() : dimensions[i]);
            if (limits[i] < dimensions[i])
            {
                throw new Hdf5FormatException("a dataspace is larger than its own limits");
            }
        }

        return new Dataspace(kind, dimensions.MoveToImmutable(), limits.MoveToImmutable());
    }

    /// <summary>Elements in all.</summary>
    public long ElementCount
    {
        get
        {
            long count = Kind == DataspaceKind.Null ? 0 : 1;
            foreach (long dimension in Dimensions)
            {
                count *= dimension;
            }

            return count;
        }
    }
}

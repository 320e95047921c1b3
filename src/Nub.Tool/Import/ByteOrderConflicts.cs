namespace Nub.Tool.Import;

/// <summary>
/// Fields that share bytes and want them turned in different ways. The bytes of a value are turned once, so the big-endian one of
/// them is written as bytes, for code to convert.
/// </summary>
internal static class ByteOrderConflicts
{
    /// <summary>Replaces what cannot be turned.</summary>
    /// <param name="fields">In the order of their offsets.</param>
    /// <param name="asBytes">Makes bytes of a field, and says why.</param>
    /// <remarks>
    /// Fields that turn alike begin together, so that they are one, as long as the longest. Whichever of two that overlap is replaced, they still overlap and do not turn alike, so it is enough to
    /// look once.
    /// </remarks>
    public static List<FieldPlan> Resolve(List<FieldPlan> fields, Func<FieldPlan, string, FieldPlan> asBytes)
    {
        List<FieldPlan> kinds = [.. fields.GroupBy(static field => field, Turning.Instance).Select(static alike => alike.MaxBy(static field => field.End)!)];
        var others = new Dictionary<FieldPlan, FieldPlan>(Turning.Instance);
        FieldPlan? longest = null;
        for (int i = 0; i < kinds.Count; i++)
        {
            FieldPlan field = kinds[i];
            FieldPlan? other = longest is not null && longest.End > field.Offset ? longest : i + 1 < kinds.Count && kinds[i + 1].Offset < field.End ? kinds[i + 1] : null;
            if (other is not null && field.HasBigEndian)
            {
                others.Add(field, other);
            }

            longest = longest is null || field.End > longest.End ? field : longest;
        }

        return [.. fields.Select(field => others.TryGetValue(field, out FieldPlan? other) ? asBytes(field, $"big-endian, and as bytes because '{other.Name}' shares them") : field)];
    }

    private sealed class Turning : IEqualityComparer<FieldPlan>
    {
        public static readonly Turning Instance = new();

        public bool Equals(FieldPlan? x, FieldPlan? y) => x is null ? y is null : y is not null && x.TurnsLike(y);

        public int GetHashCode(FieldPlan obj) => HashCode.Combine(obj.Offset, obj.IsBigEndian, obj.Type, obj.Struct is null ? obj.Count : 0);
    }
}

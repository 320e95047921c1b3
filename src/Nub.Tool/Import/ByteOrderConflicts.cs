namespace Nub.Tool.Import;

/// <summary>
/// Fields that share bytes and want them turned in different ways. The bytes of a value are turned once, so the big-endian one of
/// them is written as bytes, for code to convert.
/// </summary>
internal static class ByteOrderConflicts
{
    /// <summary>Replaces what cannot be turned.</summary>
    /// <param name="asBytes">Makes bytes of a field, and says why.</param>
    public static List<FieldPlan> Resolve(List<FieldPlan> fields, Func<FieldPlan, string, FieldPlan> asBytes)
    {
        while (Find(fields) is (int index, FieldPlan other))
        {
            fields[index] = asBytes(fields[index], $"big-endian, and as bytes because '{other.Name}' shares them");
        }

        return fields;
    }

    private static (int Index, FieldPlan Other)? Find(List<FieldPlan> fields)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            FieldPlan field = fields[i];
            FieldPlan? other = fields.Find(other => !ReferenceEquals(field, other) && field.HasBigEndian && field.Offset < other.End && other.Offset < field.End && !field.TurnsLike(other));
            if (other is not null)
            {
                return (i, other);
            }
        }

        return null;
    }
}
